"""Plans, monthly quotas and usage."""
