"""Jobs that wait for other jobs: which for which, cycles, and selections that cut their chains."""
