"""Packs of rules, one folder a jurisdiction."""
