"""Deliver events to the receivers of webhooks."""
