"""Callers: the account and the roles behind a token or a session."""
