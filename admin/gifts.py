"""Gifts on their way."""
