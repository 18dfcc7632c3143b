"""The lobby: what both faces share, and no rule."""
