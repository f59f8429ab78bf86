"""The pages with which administrators run the school every day: overview and queues."""
