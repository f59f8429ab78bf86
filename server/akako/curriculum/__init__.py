"""Order of topics, and restoring of deleted parts of the curriculum."""
