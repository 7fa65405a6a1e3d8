"""Whether to tell, what to say, how it gets there."""
