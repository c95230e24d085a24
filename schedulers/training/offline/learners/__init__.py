"""The offline algorithms, one in each module, on d3rlpy's base classes."""
