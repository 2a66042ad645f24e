"""What is deployed: resources and who may touch them, no business logic."""
