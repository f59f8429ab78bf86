"""The export of all personal data of a user."""
