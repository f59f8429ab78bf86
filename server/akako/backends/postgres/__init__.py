"""PostgreSQL as a program: its binaries, its cluster of files, and its process."""
