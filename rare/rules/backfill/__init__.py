"""What backfilling promises to jobs that wait: reservations, plans and kept starts (RULES §10)."""
