"""Accepted file types: names, declared types and content."""
