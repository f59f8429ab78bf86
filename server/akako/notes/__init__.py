"""Private notes about topics, shared notes, and the replies of mentors."""
