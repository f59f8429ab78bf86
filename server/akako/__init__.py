"""Akako LMS: the learning-management REST API."""

__version__ = "0.2.0"
