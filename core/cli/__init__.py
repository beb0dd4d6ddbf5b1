"""The command line: arguments to core's functions, results to text or to one JSON object."""

from core.cli.main import main

__all__ = ["main"]
