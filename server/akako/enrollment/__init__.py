"""Learners ask to enroll in subjects, and administrators decide."""
