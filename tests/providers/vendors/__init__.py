"""Our requests beside those of the vendors' own Python clients for the same input."""
