"""Tunesmith's library: what the functions decide, shipped whole with every function."""
