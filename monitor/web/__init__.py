"""What the service shows over HTTP, on loopback."""
