"""People and their roles, the audit log, and usage against the plan, for administrators."""
