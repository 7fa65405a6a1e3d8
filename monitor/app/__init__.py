"""Putting the rooms together."""
