"""A search space as people write it: "0.01, 0.1, 1" is a list, "0.01 to 100 in 5" a range."""

from __future__ import annotations

import re
from collections.abc import Mapping

from core.config import TrainConfig
from core.errors import InvalidInput
from core.fields import Choice, Flag, Value, spell
from core.tune.space import Range, Space, Values, checked, default_space, tunable

# LOW to HIGH, if wanted in so many POINTS, and "evenly" where factors of ten are not meant.
_RANGE = re.compile(r"(\S+)\s+to\s+(\S+?)(?:\s+in\s+([0-9]{1,9}))?(\s+evenly)?")


def read_values(model: str, name: str, text: str) -> Values:
    """Return the list or range that `text` spells for one setting of `model`; raises `InvalidInput`."""
    known = tunable(model)
    if name not in known:
        raise InvalidInput(f"setting of {model}", name, "one of " + ", ".join(known))
    field, found = known[name], _RANGE.fullmatch(text.strip())
    if found is None or isinstance(field, Choice | Flag):
        items = [item.strip() for item in text.split(",")]
        return tuple(field.parse(name, item) for item in items)
    low, high, points, evenly = found.groups()
    first, last = (float(field.parse(name, end)) for end in (low, high))
    try:
        return Range(first, last, log=evenly is None, points=int(points) if points else Range.points)
    except InvalidInput as error:  # which does not know whose range it is
        raise InvalidInput(f"{error.field} of {name}", error.value, error.allowed) from None


def write_values(values: Values) -> str:
    """Return the text that `read_values` reads back to `values`."""
    if not isinstance(values, Range):
        return ", ".join(spell(value) for value in values)
    return f"{spell(values.low)} to {spell(values.high)} in {values.points}" + ("" if values.log else " evenly")


def read_space(model: str, texts: Mapping[str, str]) -> Space:
    """Return the space that one text a setting spells, checked; raises `InvalidInput`."""
    return checked(model, tuple((name, read_values(model, name, text)) for name, text in texts.items()))


def suggested(train: TrainConfig, name: str) -> str:
    """Return the text to start with for a setting: as in the model's own space, else every choice, else as it is."""
    own = dict(default_space(train.model))
    if name in own:
        return write_values(own[name])
    field = tunable(train.model)[name]
    if isinstance(field, Flag):
        return write_values((False, True))
    if isinstance(field, Choice):
        return write_values(field.options)
    params = dict(train.params)
    value: Value = params[name] if name in params else getattr(train, name)
    return write_values((value,))
