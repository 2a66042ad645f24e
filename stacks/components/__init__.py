"""What the stacks use more than once, and no more."""
