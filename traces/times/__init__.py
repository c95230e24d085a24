"""Instants: time zones, stamps in text, dates and clock times in columns, all to UTC."""
