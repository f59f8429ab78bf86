"""Outgoing webhooks: endpoints and their deliveries, as administrators manage them."""
