"""Payout rails in the box."""
