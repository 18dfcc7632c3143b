"""Offers, collaborations and contracts."""
