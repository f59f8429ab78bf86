"""What is taught: education levels, their grades, the grades' subjects and the subjects' topics."""
