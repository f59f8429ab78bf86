"""The demonstration school of development servers, with ten weeks of history."""
