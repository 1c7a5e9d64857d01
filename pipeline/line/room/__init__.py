"""Where they stand: effects of the room and of what else sounds in it."""
