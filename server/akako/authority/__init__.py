"""Checks that a caller may still act when the effect is committed."""
