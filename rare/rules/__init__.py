"""The rules of the simulation, compiled: one module a chapter of RULES.md."""
