"""The oracle: what could have been done with true run times, true power, and a bound on any schedule."""
