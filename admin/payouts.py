"""Payout runs and payouts."""
