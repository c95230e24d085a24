"""The state of many simulations as a few arrays, and how compiled code reaches it."""
