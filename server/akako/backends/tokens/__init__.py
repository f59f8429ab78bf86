"""Bearer tokens: the keys of issuers, and the checks of a token."""
