"""Parts of the tus protocol that need nothing else of this package."""
