"""The ways in which people reach Cairn; each encodes and decodes, and knows no other."""
