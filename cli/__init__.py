"""The `tunesmith` command: one module per command, and a few that they share."""
