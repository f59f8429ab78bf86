"""Health, metrics, API documentation, and administrative actions."""
