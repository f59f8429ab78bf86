"""Documents and videos: atomic uploads, and downloads with ranges."""
