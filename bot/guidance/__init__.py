"""The guidance itself, pure: no network, no clock, no database, and nothing else of bot."""
