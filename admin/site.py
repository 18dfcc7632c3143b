"""The installation: plugins, mail, audit record."""
