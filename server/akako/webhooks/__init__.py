"""News from the identity provider: verified, applied once, and never lost."""
