"""What pages load or draw: static files, and the pictures of subjects."""
