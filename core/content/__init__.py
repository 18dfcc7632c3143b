"""Deliverables, submissions, reviews, posts and their metrics."""
