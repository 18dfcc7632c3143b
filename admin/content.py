"""Review of submissions, posts and metrics."""
