"""Keys and certificates that are this cloud's own, kept in its data folder."""
