"""Cairn walks Canadian federal public servants through published guidance, in English and French."""
