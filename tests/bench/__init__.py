"""Measurements, run by `make bench`; no time is ever asserted."""
