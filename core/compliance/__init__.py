"""Compliance: frozen facts in, findings out. Asks nobody and stores nothing."""
