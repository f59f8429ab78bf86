"""Documents and videos: they arrive whole or not at all, and play from any byte."""
