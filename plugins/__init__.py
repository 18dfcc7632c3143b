"""What ships in the box, by kind; one folder a plugin."""
