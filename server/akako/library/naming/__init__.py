"""The names of documents."""
