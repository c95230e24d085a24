"""Tests of schedulers behind Batsim's protocol."""
