"""Results to plotly figures: pure functions, data in, figure out; the only package in core that imports plotly."""

from core.figures.agreement import agreement_curve
from core.figures.compare import coef_errors, difference_histogram
from core.figures.drift import batch_history, batch_overlay, category_bars, shares
from core.figures.front import Cloud, cloud, pareto
from core.figures.grid import draws_levels, number_line, shown_coefficients
from core.figures.predict import class_probabilities, contributions, district_map, pixel_pushes
from core.figures.quantise import bits_curve, bytes_bars
from core.figures.runs import Mark, run_cloud, run_curves, run_differences
from core.figures.steps import landing
from core.figures.style import Palette
from core.figures.sweep import called, loss_map
from core.figures.train import actual_vs_predicted, coefficient_map, coefficients, confusion, residuals
from core.figures.trees import (
    MOST_COLUMNS,
    MOST_LEVELS,
    bytes_by_part,
    error_by_neuron,
    error_by_tree,
    leaf_histogram,
    leaf_levels,
    leaves_of,
    size_curve,
    split_counts,
)
from core.figures.tuning import hidden, importance_chart, learning_chart, searched, tuning_chart

__all__ = [
    "MOST_COLUMNS",
    "MOST_LEVELS",
    "Cloud",
    "Mark",
    "Palette",
    "actual_vs_predicted",
    "agreement_curve",
    "batch_history",
    "batch_overlay",
    "bits_curve",
    "bytes_bars",
    "bytes_by_part",
    "called",
    "category_bars",
    "class_probabilities",
    "cloud",
    "coef_errors",
    "coefficient_map",
    "coefficients",
    "confusion",
    "contributions",
    "difference_histogram",
    "district_map",
    "draws_levels",
    "error_by_neuron",
    "error_by_tree",
    "hidden",
    "importance_chart",
    "landing",
    "leaf_histogram",
    "leaf_levels",
    "learning_chart",
    "leaves_of",
    "loss_map",
    "number_line",
    "pareto",
    "pixel_pushes",
    "residuals",
    "run_cloud",
    "run_curves",
    "run_differences",
    "searched",
    "shares",
    "shown_coefficients",
    "size_curve",
    "split_counts",
    "tuning_chart",
]
