"""ONE call: the caller, the loop in which it takes place, and the record of it."""
