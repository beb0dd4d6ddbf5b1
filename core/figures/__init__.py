"""Results to plotly figures: pure functions, data in, figure out; the only package in core that imports plotly."""

from core.figures.compare import coef_errors, difference_histogram
from core.figures.grid import draws_levels, number_line, shown_coefficients
from core.figures.predict import class_probabilities, contributions, district_map, pixel_pushes
from core.figures.quantise import bits_curve, bytes_bars
from core.figures.style import Palette
from core.figures.train import actual_vs_predicted, coefficient_map, coefficients, confusion, residuals

__all__ = [
    "Palette",
    "actual_vs_predicted",
    "bits_curve",
    "bytes_bars",
    "class_probabilities",
    "coef_errors",
    "coefficient_map",
    "coefficients",
    "confusion",
    "contributions",
    "difference_histogram",
    "district_map",
    "draws_levels",
    "number_line",
    "pixel_pushes",
    "residuals",
    "shown_coefficients",
]
