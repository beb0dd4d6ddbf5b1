"""Crash tests that can be run longer than the suite does."""
