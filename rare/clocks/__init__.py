"""Two clocks over one set of rules: compiled for speed, SimPy for reading and co-simulation."""
