"""Figures about the school: enrollments, activity, completion, storage and usage."""
