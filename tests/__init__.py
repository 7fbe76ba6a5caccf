"""The tests: sentences about behaviour, one file a module. `make test` runs them."""
