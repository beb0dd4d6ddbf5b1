"""The default page: Quantise, complete at first sight."""

from pages import _quantise

_quantise.render()
