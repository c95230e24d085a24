"""Reports of runs: tables, sentences and pages."""
