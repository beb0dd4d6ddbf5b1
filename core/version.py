"""The version of Bitdial; the changelog's newest entry carries the same."""

VERSION = "0.1.0"
