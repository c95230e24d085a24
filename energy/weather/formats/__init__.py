"""Readers of weather files, one module a format: a file's text in, its columns and their places out."""
