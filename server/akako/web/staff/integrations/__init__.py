"""The pages of outgoing webhooks and of the messages that Clerk sent."""
