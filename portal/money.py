"""Earnings, payouts and where to send them."""
