"""Cairn walks Canadian federal public servants through published guidance, in two languages."""
