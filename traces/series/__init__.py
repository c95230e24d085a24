"""Time series: power and rates held from change to change, and the files they are read from."""
