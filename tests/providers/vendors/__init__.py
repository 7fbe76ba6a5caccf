"""Our requests beside those of the vendors' own clients: the same input, sent by both, must be the same JSON."""
