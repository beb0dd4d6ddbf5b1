"""Quantise under its own path."""

from pages import _quantise

_quantise.render()
