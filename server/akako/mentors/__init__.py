"""Learners apply to become mentors, and administrators decide."""
