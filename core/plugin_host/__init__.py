"""Finds plugins, fences each one, and asks them: one plugin's fault costs its own answer only."""
