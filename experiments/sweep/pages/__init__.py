"""Output of a sweep: table for the terminal, summary, figures and report."""
