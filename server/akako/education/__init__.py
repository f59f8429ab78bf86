"""The curriculum: education levels, grades, subjects and topics."""
