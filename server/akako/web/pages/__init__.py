"""Pages of the web app: what each shows, and its handlers."""
