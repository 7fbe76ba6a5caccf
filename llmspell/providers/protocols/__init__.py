"""One package a protocol: pure translators between our requests and replies and what servers send. No I/O."""
