"""Tests of `rare size`."""
