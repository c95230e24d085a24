"""Schedulers of other programs that speak Batsim's protocol: JSON over ZeroMQ, on the clock of RARE."""
