"""What the network does on the way."""
