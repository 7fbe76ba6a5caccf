"""The tests against servers that we did not write: `make test-integration` installs and runs them."""
