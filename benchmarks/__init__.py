"""Measurements, run by a command and never by the tests. Each prints its figures, its goals, and PASS or FAIL."""
