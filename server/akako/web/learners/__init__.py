"""The pages of learners: Home, topics and notes."""
