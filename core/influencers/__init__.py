"""The people a brand works with: relationships, channels, vetting, import."""
