"""The conformance kit: what holds of every plugin, tried on one. Two doors: `samverk plugin check` and pytest."""
