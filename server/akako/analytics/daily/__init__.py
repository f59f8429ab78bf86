"""Figures per day: closed days are computed once, and the open one in parts."""
