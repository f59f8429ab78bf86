"""Mentor applications of learners, and the decisions of administrators."""
