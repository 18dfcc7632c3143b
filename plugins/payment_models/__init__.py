"""Payment models in the box."""
