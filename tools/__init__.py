"""Programs for maintainers: what they make is in the repository, or nothing but what they print."""
