"""What a campaign was worth."""
