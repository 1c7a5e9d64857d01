"""What people look at: a call as a dialogue, a run as a table."""
