"""From a URL to the entries not seen before."""
