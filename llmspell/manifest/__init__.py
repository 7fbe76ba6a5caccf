"""The manifest: one TOML file that says everything a run may do. `model` is its data, `load` reads it; nothing is
imported here, so that a bare script starts without TOML.
"""
