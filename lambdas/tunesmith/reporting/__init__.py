"""What is told of a run: one JSON document, one page rendered from it, one message."""
