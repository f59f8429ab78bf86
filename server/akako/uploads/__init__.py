"""Resumable uploads with the tus protocol."""
