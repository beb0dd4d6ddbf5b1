"""`POST /predict`: both models' answers to raw rows, and what made them where a model is linear."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from core.api import library
from core.api.body import fields
from core.api.refusal import Refusal
from core.api.rows import matrix
from core.api.served import Served
from core.artifact import VARIANTS
from core.config import Experiment, experiment_from_json
from core.parts import Floats

FIELDS = ("model", "experiment", "variant", "rows", "contributions")
BOTH = "both"
# Half the range: differences of two such numbers are numbers as well.
_LARGEST = np.finfo(np.float64).max / 2
# More contributions than this are megabytes of JSON.
MAX_CONTRIBUTIONS = 50_000


@dataclass(frozen=True, eq=False)
class Wish:
    """A checked request, but for its rows, which depend on the model."""

    model: str
    experiment: Experiment | None
    variant: str
    rows: Any
    contributions: bool

    def served(self, folder: str = "") -> Served | None:
        """Return the model that is wanted by one who has the workspace `folder`, where it is at hand without work."""
        return library.at_hand(self.model, folder) if self.experiment is None else library.made(self.experiment)

    def load(self, folder: str = "") -> Served:
        """Return the model that is wanted, read from its file or trained; raises `Refusal` and `InvalidInput`."""
        return library.find(self.model, folder) if self.experiment is None else library.make(self.experiment)


def wish(body: Any) -> Wish:
    """Return what a body asks for; raises `Refusal` naming the field."""
    given = fields(body, FIELDS)
    recipe = given.get("experiment")
    model = given.get("model", library.DEFAULT if recipe is None else "")
    if "model" in given and "experiment" in given:
        raise Refusal(422, "experiment", recipe, "left out beside a model")
    if not isinstance(model, str):
        raise Refusal(422, "model", model, "the id of a model, see /api/models")
    variant = given.get("variant", "")
    if "variant" in given and variant not in (*VARIANTS, BOTH):
        raise Refusal(422, "variant", variant, "one of " + ", ".join((*VARIANTS, BOTH)))
    contributions = given.get("contributions", False)
    if not isinstance(contributions, bool):
        raise Refusal(422, "contributions", contributions, "true or false")
    if "rows" not in given:
        raise Refusal(422, "body", "no rows", "an object with rows")
    experiment = experiment_from_json(recipe) if "experiment" in given else None
    return Wish(model, experiment, variant, given["rows"], contributions)


def answer(wanted: Wish, served: Served) -> dict[str, Any]:
    """Return what both models, or the one that is wanted, say to the rows; raises `Refusal`."""
    model, variants = served.model, _variants(wanted.variant, served)
    X, unknown = matrix(served, wanted.rows)
    with np.errstate(all="ignore"):  # what comes out is looked at instead
        outputs = {name: model.outputs(X, name) for name in variants}
        _check_finite(X, outputs)
    classes = model.classes
    found: dict[str, Any] = {
        "model": served.id or None,
        "variant": variants[0] if len(variants) == 1 else BOTH,
        "rows": len(X),
        "unit": served.unit,
        "predictions": {n: _names(classes, o) if classes else o.tolist() for n, o in outputs.items()},
        "outside_training_range": int(((served.low > X) | (served.high < X)).any(axis=1).sum()),
        "unknown": [{"row": i, "column": name, "value": value} for i, name, value in unknown],
        "missing": 0 if served.numbers_only else int(np.isnan(X).sum()),
    }
    if classes:
        found |= {"classes": list(classes), "probabilities": {n: o.tolist() for n, o in outputs.items()}}
    elif len(variants) == 2:
        found["difference"] = (outputs["quantized"] - outputs["original"]).tolist()
    if wanted.contributions:
        found["contributions"] = _contributions(served, variants, X)
    return found


def _variants(variant: str, served: Served) -> tuple[str, ...]:
    held = served.model.variants
    if variant in held:
        return (variant,)
    if variant == "" or (variant == BOTH and len(held) == 2):
        return held
    raise Refusal(422, "variant", variant, f"{held[0]}: the model holds no other")


def _names(classes: tuple[str, ...], outputs: Floats) -> list[str]:
    return [classes[i] for i in outputs.argmax(axis=1).tolist()]


def _check_finite(X: Floats, outputs: dict[str, Floats]) -> None:
    for values in outputs.values():
        if not (np.abs(values) <= _LARGEST).all():
            row = int(np.argmin((np.abs(values.reshape(len(X), -1)) <= _LARGEST).all(axis=1)))
            largest = float(np.abs(np.nan_to_num(X[row])).max())
            raise Refusal(422, f"rows[{row}]", largest, "small enough for a finite answer", row)


def _contributions(served: Served, variants: tuple[str, ...], X: Floats) -> dict[str, Any]:
    """Return coefficient x (column - its mean on the training rows), which with `base` add up to the score.

    The score of a regression is its value; of classes it is what the softmax (of two: the logistic function) takes.
    """
    if served.family != "linear":
        raise Refusal(422, "contributions", True, f"false: a model of the family {served.family} has none")
    p = served.model.preparation
    scores = len(served.model.parts(variants[0]).values["intercept"])
    count = len(X) * p.n_columns * scores * len(variants)
    if count > MAX_CONTRIBUTIONS:
        allowed = f"false for so many rows: at most {MAX_CONTRIBUTIONS:,} contributions, and these are {count:,}"
        raise Refusal(422, "contributions", True, allowed)
    centred = p.expand(X) - p.mean
    found: dict[str, Any] = {"columns": list(p.columns)}
    for name in variants:
        coef, intercept = (served.model.parts(name).values[n] for n in ("coef", "intercept"))
        values = centred[:, None, :] * coef[None, :, :]
        if not np.isfinite(values).all():
            raise Refusal(422, "contributions", True, "false for numbers as large as these")
        found[name] = {"base": (coef @ p.mean + intercept).tolist(), "values": values.tolist()}
    return found
