"""Webhooks of the identity provider: verified, and applied exactly once."""
