"""Campaigns that measure how reliable RARE is: kills, memory, bytes compared, hostile inputs counted."""
