"""Tests of the screens, run in this process without a browser."""
