"""Whether the caller of a request may still act when its effect is committed."""
