"""Sales sources in the box."""
