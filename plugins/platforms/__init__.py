"""Platforms in the box."""
