"""Parts of the response with a stored file: ranges, preconditions, and sending by nginx."""
