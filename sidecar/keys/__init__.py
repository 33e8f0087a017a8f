"""Keys and where they come from."""
