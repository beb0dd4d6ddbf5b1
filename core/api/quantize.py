"""`POST /quantize`: a recipe, or a saved model and a scheme, to the comparison of both models."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from core import bundled
from core.api import library
from core.api.body import fields
from core.api.refusal import Refusal
from core.artifact.reopen import reopen
from core.config import Experiment, experiment_from_json
from core.datasets import OWN
from core.errors import ArtifactError
from core.evaluate import compare
from core.quant import Scheme, scheme_from_json
from core.train import Trained

FIELDS = ("model", "experiment", "scheme")


@dataclass(frozen=True)
class Wish:
    """A checked request: a recipe with its scheme, or the id of a model and the scheme for it."""

    model: str
    experiment: Experiment | None
    scheme: Scheme


def wish(body: Any) -> Wish:
    """Return what a body asks for; raises `Refusal` and `InvalidInput` naming the field."""
    given = fields(body, FIELDS)
    if "experiment" in given:
        if len(given) > 1:
            raise Refusal(422, "body", sorted(given), "an object with experiment alone, or with model and scheme")
        experiment = experiment_from_json(given["experiment"])
        return Wish("", experiment, experiment.scheme)
    model = given.get("model", library.DEFAULT)
    if not isinstance(model, str):
        raise Refusal(422, "model", model, "the id of a model, see /api/models")
    return Wish(model, None, scheme_from_json(given.get("scheme", {})))


def answer(wanted: Wish, folder: str = "") -> dict[str, Any]:
    """Return the comparison as JSON, and what is to be said of the model; raises `Refusal` and `InvalidInput`."""
    trained = _trained(wanted, folder)
    return compare(trained, wanted.scheme).to_json() | {"notes": list(trained.report.notes)}


def _trained(wanted: Wish, folder: str) -> Trained:
    """Return the original that is to be quantised: of the recipe, or of the file with the rows of its recipe."""
    if wanted.experiment is not None:
        data, config = wanted.experiment.data, wanted.experiment.train
        bundled.check_quick(data, config)
        return bundled.trained(data, config)
    model = library.find(wanted.model, folder).model
    if model.original is None:
        raise Refusal(422, "model", wanted.model, "one that holds an original model")
    if model.data is not None and model.config is not None and model.data.dataset != OWN:
        bundled.check_quick(model.data, model.config)
    try:
        return reopen(model)
    except ArtifactError as error:
        raise Refusal(422, "model", wanted.model, f"one that can be quantised anew: {error}") from error
