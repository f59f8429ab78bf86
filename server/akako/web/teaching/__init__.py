"""The pages of mentors: subjects, the composer of topics, learners, shared notes."""
