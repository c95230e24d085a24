"""Offline learning: from logged decisions alone, without a simulator. On d3rlpy's base classes."""
