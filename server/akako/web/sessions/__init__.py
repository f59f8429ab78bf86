"""Cookie sessions of the web app, and the tokens that they obtain."""
