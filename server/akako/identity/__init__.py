"""Who is asking: users, their dated roles, their profile, and how they come to be known here."""
