"""Recipes that train the packaged networks and copy them into the package."""
