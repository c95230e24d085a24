"""The power side of a scenario: site, supply, grid, battery and forecast as series on one clock."""
