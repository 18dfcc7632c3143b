"""Core asks connectors: what each brand's plugins are asked for by the clock, and what became of it."""
