"""Learners' progress in topics, and the mentor's view of it."""
