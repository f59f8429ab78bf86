"""Search of the curriculum."""
