"""Which articles tell the same happening."""
