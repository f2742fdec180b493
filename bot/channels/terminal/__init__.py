"""The terminal: the text-only twin of every screen."""
