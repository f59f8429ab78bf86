"""The days on which users learned: progress writes, opened streams and notes."""
