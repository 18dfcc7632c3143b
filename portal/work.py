"""Deliverables, submissions, posts, gifts."""
