"""Callers: the accounts behind verified claims and web sessions."""
