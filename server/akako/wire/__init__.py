"""The HTTP connections of a worker, and their limits."""
