"""The administrator's page of levels, grades, subjects and topics."""
