"""Plans, monthly quotas and usage: how much a caller may do."""
