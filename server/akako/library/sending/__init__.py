"""Parts of the response with a stored file: ranges, preconditions, and handing over to nginx."""
