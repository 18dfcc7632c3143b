"""Importing influencers from a CSV."""
