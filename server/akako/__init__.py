"""Akako LMS: a learning-management system with a web app and a REST API."""

__version__ = "0.2.0"
