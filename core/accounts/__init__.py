"""Sign-in, people, workspaces, brands, roles."""
