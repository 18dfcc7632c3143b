"""Influencers: list, record, notes, vetting."""
