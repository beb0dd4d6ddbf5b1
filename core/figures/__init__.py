"""Results to plotly figures: pure functions, data in, figure out; the only package in core that imports plotly."""

from core.figures.compare import coef_errors, difference_histogram
from core.figures.predict import contributions, district_map
from core.figures.quantise import bits_curve, bytes_bars, draws_levels, number_line
from core.figures.style import Palette
from core.figures.train import actual_vs_predicted, coefficients, residuals

__all__ = [
    "Palette",
    "actual_vs_predicted",
    "bits_curve",
    "bytes_bars",
    "coef_errors",
    "coefficients",
    "contributions",
    "difference_histogram",
    "district_map",
    "draws_levels",
    "number_line",
    "residuals",
]
