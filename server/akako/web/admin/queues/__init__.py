"""The administrator's queues: requests for subjects and mentor applications."""
