"""What the operator watches for."""
