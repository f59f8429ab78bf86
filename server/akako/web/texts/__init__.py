"""Texts of pages: sentences that the templates show, in all languages."""
