"""Summaries that teams pin in their channels: posted once, kept current, taken away."""
