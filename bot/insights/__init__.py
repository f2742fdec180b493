"""What do the counts tell the ethics office? A page or a table, of what may be shown only."""
