"""Notifications of signed-in users, written in the transactions of the events."""
