"""The web app: pages, sessions and forms on top of the rooms' services."""
