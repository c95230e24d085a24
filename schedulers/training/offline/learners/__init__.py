"""The offline algorithms, one module each, over d3rlpy's base classes."""
