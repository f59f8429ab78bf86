"""Learners' progress in topics, private notes, and the mentor's view of both."""
