"""The papers' claims, tested on what an experiment measured."""
