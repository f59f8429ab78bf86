"""Names of people and things: which can be stored, and how they are sorted."""
