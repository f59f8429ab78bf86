"""PostgreSQL: the connections of a process, its jobs, and the changes that it announces."""
