"""Links to documents and videos that need no bearer token."""
