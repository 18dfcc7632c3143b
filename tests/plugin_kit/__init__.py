"""The conformance kit on itself: plugins that pass, and for every check one that does not."""
