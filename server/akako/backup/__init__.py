"""A school in one archive: its tables and files as of one moment, and a school made of it again."""
