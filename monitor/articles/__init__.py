"""From an entry to readable text."""
