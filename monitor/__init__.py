"""Watches news feeds and tells an analyst once per story, with the reason and with proof."""

__version__ = "0.1.0"
