"""The domain and the plugin host: it knows no screen and no plugin."""
