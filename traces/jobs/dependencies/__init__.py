"""Dependencies between jobs: references, cycles, and selections that cut chains."""
