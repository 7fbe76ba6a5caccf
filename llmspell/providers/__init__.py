"""Model providers: base.py says what one is, manager.py finds one by name, and only http.py touches the network.

protocols/ translate one protocol each and are pure; scripted.py is the fake that ships beside the real one. Nothing is
imported here, so that a run which asks no model loads neither httpx nor a translator.
"""
