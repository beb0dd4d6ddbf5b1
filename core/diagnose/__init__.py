"""`diagnose`: why a quantised model lost what it lost, and which setting cures it; findings as data."""

from __future__ import annotations

from collections.abc import Callable

from core.comparison import Comparison
from core.diagnose.columns import columns_dependent, features_unscaled, shift_not_refitted
from core.diagnose.effects import Effect, effects, mean_shift
from core.diagnose.finding import Cure, Finding
from core.diagnose.grid import coefficient_eats_range, intercept_shares_grid, zero_not_representable
from core.diagnose.rows import inputs_out_of_range, one_row_carries
from core.diagnose.storage import codes_unused, more_levels_than_values, side_exceeds_codes
from core.train import Trained

Diagnosis = Callable[[Trained, Comparison], Finding | None]

DIAGNOSES: dict[str, Diagnosis] = {
    function.__name__: function
    for function in (
        intercept_shares_grid,
        features_unscaled,
        coefficient_eats_range,
        zero_not_representable,
        shift_not_refitted,
        columns_dependent,
        codes_unused,
        one_row_carries,
        inputs_out_of_range,
        more_levels_than_values,
        side_exceeds_codes,
    )
}


def diagnose(trained: Trained, comparison: Comparison) -> tuple[Finding, ...]:
    """Return what is found, the cure that saves most training output error first, then most bytes.

    All of it is about coefficients and their columns: of other models nothing is said.
    """
    if trained.parts.family != "linear":
        return ()
    found = [finding for check in DIAGNOSES.values() if (finding := check(trained, comparison)) is not None]
    return tuple(sorted(found, key=lambda finding: finding.weight, reverse=True))


__all__ = ["DIAGNOSES", "Cure", "Diagnosis", "Effect", "Finding", "diagnose", "effects", "mean_shift"]
