"""What a sweep shows: its table for a terminal, summary, figures and report."""
