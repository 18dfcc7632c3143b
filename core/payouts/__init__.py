"""Money out: payout methods, runs, payouts."""
