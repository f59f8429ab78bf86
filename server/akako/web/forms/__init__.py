"""Forms that are kept over a sign-in."""
