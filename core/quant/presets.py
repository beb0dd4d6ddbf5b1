"""`PRESETS`: whole settings by name, which rebuild what the reference systems did, through the general path."""

from __future__ import annotations

from dataclasses import dataclass

from core.quant.scheme import Scheme


@dataclass(frozen=True)
class Preset:
    """A setting of data, training and scheme by name, and a sentence on what it shows.

    `data` and `train` name the fields that differ from the defaults.
    """

    label: str
    note: str
    scheme: Scheme
    train: tuple[tuple[str, str | int], ...] = ()
    data: tuple[tuple[str, str], ...] = ()


PRESETS: dict[str, Preset] = {
    "system-000-symmetric": Preset(
        "Reference 000, symmetric",
        "Eight bits in standardised space. The small gain over the original is one test row, not quality.",
        Scheme("symmetric", 8, "standardised", intercept="keep"),
    ),
    "system-000-asymmetric": Preset(
        "Reference 000, asymmetric",
        "Eight bits with a zero point. Its stated compression left out the scale and the zero point.",
        Scheme("asymmetric", 8, "standardised", intercept="keep"),
    ),
    "system-001-window": Preset(
        "Reference 001, window",
        "A window round each raw coefficient: every code is the middle one, zero is not representable, and "
        "the floats stored beside the codes take more bytes than the original.",
        Scheme("window", 8, "raw", intercept="quantised"),
        (("scaling", "none"),),
    ),
    "system-001-global": Preset(
        "Reference 001, first version",
        "One range over raw coefficients and intercept: the intercept eats the range and the model collapses.",
        Scheme("asymmetric", 8, "raw", intercept="same-grid", params=(("zero_point", "offset"),)),
        (("scaling", "none"),),
    ),
    "system-004": Preset(
        "Reference 004, digits",
        "Logistic regression on raw pixels. Its stated training accuracy was the test accuracy; it is 100 %.",
        Scheme("symmetric", 8, "raw", intercept="keep"),
        (("model", "logistic"), ("scaling", "none")),
        (("dataset", "digits"),),
    ),
}
