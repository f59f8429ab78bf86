"""The pages of administrators and mentors."""
