"""Parts of the tus protocol that do not depend on the rest of this package."""
