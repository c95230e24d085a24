"""Rules of a real machine's events: grid events, outages, dependencies. RULES.md §12, compiled."""
