"""Backup of tables and files of one point in time, and restore."""
