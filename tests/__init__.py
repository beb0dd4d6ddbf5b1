"""The tests; a package, so that the project root and not this folder is on the path."""
