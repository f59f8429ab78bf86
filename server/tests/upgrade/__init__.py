"""Upgrades from the first release: a school that its code made."""
