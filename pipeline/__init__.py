"""badline: a caller speaks over a bad line; the agent hears what it can and answers; we count what survived."""
