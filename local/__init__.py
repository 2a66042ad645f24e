"""AWS on this machine: a moto server, and what it lacks, for the stacks to run on without an account."""
