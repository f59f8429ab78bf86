"""Enrollment requests of learners, and the decisions of administrators."""
