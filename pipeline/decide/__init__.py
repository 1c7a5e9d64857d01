"""What finished runs tell: who is to blame."""
