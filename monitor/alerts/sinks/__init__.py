"""One file for each place that alerts can go."""
