"""Offers and contracts."""
