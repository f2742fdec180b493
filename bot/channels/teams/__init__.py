"""Microsoft Teams: cards in the personal chat, dialogs, and a message extension."""
