"""Users, their dated roles and profiles, and their synchronization with the identity provider."""
