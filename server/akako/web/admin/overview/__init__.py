"""The administrator's first page: queues, numbers, decisions, health, and what a school lacks."""
