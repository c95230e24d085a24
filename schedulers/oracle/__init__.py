"""The oracle: schedules planned with true run times and true power, and an upper bound on any schedule."""
