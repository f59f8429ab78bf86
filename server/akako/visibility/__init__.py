"""Who may see which part of the curriculum, as SQL conditions and checks."""
