"""The registry: versions under two aliases, promoted by the gate, and the champion before in one call.

The alias is the truth, moved in one step. The history of champions is written before a promotion moves it and after a
rollback did, and what stands in it behind the alias does not count: killed in between, both are as if not asked for,
or done.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict

from core import logs, tracking
from core.artifact import Model, loads
from core.datasets import Dataset
from core.errors import InvalidInput
from core.runs import kept
from core.runs.gate import checked_tolerance, decide, first_champion, gap, held_back, refused
from core.runs.record import FILE
from core.runs.room import used
from core.runs.run import (
    ALIASES,
    ARCHIVED,
    CHALLENGER,
    CHAMPION,
    PRODUCTION,
    STAGING,
    Decision,
    Gap,
    Registry,
    Version,
)
from core.runs.shelf import checked_bytes, model_of, run

_HISTORY, _DECISION, _STAGE, _SHA256, _LABEL = "history", "decision", "stage", "sha256", "label"
# So many champions can be gone back to.
_MOST_HISTORY = 50


def register(registry: Registry, run_id: str) -> Version:
    """Make the model of a run the newest version and the challenger; a run that is a version already stays it."""
    one = run(registry, run_id)
    loads(checked_bytes(registry, one.id, one.sha256))
    with tracking.turn():
        number = next((v.number for v in kept.kept_versions(registry.name) if v.run == one.id), 0)
        if not number:
            tags = {_SHA256: one.sha256, _LABEL: one.label, _STAGE: STAGING}
            number = kept.keep_version(registry.name, one.id, FILE, tags)
        if kept.model(registry.name)[0].get(CHAMPION) != number:
            tracking.call("set_registered_model_alias", registry.name, CHALLENGER, str(number))
        _mark(registry)
    return version(registry, number)


def versions(registry: Registry) -> tuple[Version, ...]:
    """Return the versions of a registry, the newest first."""
    if not tracking.exists():
        return ()
    aliases, tags = kept.model(registry.name)
    past = _history(aliases, tags)
    earlier = past[-2] if len(past) > 1 else 0
    return tuple(_version(one, aliases, earlier) for one in kept.kept_versions(registry.name))


def version(registry: Registry, number: int) -> Version:
    """Return one version; raises `InvalidInput` for a number that there is not."""
    found = versions(registry)
    for one in found:
        if one.number == number:
            return one
    known = ", ".join(str(one.number) for one in reversed(found)) or "none yet"
    raise InvalidInput("version", number, f"one of the registry's ({known})")


def before(found: tuple[Version, ...]) -> int | None:
    """Return the number that a rollback would bring back, None where there is none."""
    return next((one.number for one in found if one.before), None)


def promote(
    registry: Registry,
    number: int,
    tolerance: float,
    table: Dataset | None = None,
    decision: Decision | None = None,
) -> Decision:
    """Let the gate decide whether a version becomes the champion, and return what it decided and why.

    It is not promoted when, on the rows held back from both, the bad end of the interval of its main figure minus the
    champion's lies below -`tolerance`, nor when the two cannot be compared. `table` is the user's own table, for models
    that were made from it. A `decision` that `gate.decide` made on other held-back rows, with the numbers of both
    versions, stands for the gate's own. Raises `InvalidInput` for a tolerance that is none, for the champion itself,
    and for a decision about others.
    """
    tolerance = checked_tolerance(tolerance)
    while True:
        one = version(registry, number)
        now = kept.model(registry.name)[0].get(CHAMPION, 0)
        if now == number:
            raise InvalidInput("version", number, "another one than the champion")
        if decision is not None and (decision.version, decision.champion) != (number, now):
            raise InvalidInput("decision", f"about versions {decision.version} and {decision.champion}", f"about {now}")
        found = _decision(registry, one, now, tolerance, table) if decision is None else decision
        with tracking.turn():
            # The gate takes its time, and somebody else may have been faster.
            if kept.model(registry.name)[0].get(CHAMPION, 0) == now:
                _record(registry, one, found)
                return found


def _decision(registry: Registry, one: Version, now: int, tolerance: float, table: Dataset | None) -> Decision:
    """Return what the gate says of a version where version `now` is the champion, 0 for none."""
    challenger = _model(registry, one)
    if not now:
        return first_champion(one.number, tolerance)
    champion = _model(registry, version(registry, now))
    try:
        rows, targets = held_back(champion, challenger, table)
    except InvalidInput as error:
        return refused(error, one.number, now, tolerance)
    return decide(champion, challenger, rows, targets, tolerance, version=one.number, before=now)


def _record(registry: Registry, one: Version, decision: Decision) -> None:
    """Write a decision down with its evidence, and move the aliases where it says so."""
    name, number = registry.name, str(one.number)
    text = json.dumps(asdict(decision), allow_nan=False)
    tracking.call("set_model_version_tag", name, number, _DECISION, text)
    tracking.put(name, one.run, f"decision-{round(decision.time * 1000)}.json", text.encode())
    if decision.promoted:
        aliases, tags = kept.model(name)
        past = [*_history(aliases, tags), one.number][-_MOST_HISTORY:]
        tracking.call("set_registered_model_tag", name, _HISTORY, json.dumps(past))
        tracking.call("set_registered_model_alias", name, CHAMPION, number)
        if aliases.get(CHALLENGER) == one.number:
            tracking.call("delete_registered_model_alias", name, CHALLENGER)
        _mark(registry)
    evidence = {name: getattr(decision, name) for name in ("metric", "value", "low", "high", "tolerance", "rows")}
    logs.event("gate", version=one.number, champion=decision.champion, promoted=decision.promoted, **evidence)


def rollback(registry: Registry) -> Version:
    """Make the champion before the champion again and return it; raises `InvalidInput` where there was none."""
    nothing = InvalidInput("rollback", "nothing to go back to", "asked for where there was a champion before")
    if not tracking.exists():
        raise nothing
    with tracking.turn():
        past = _history(*kept.model(registry.name))
        if len(past) < 2:
            raise nothing
        tracking.call("set_registered_model_alias", registry.name, CHAMPION, str(past[-2]))
        tracking.call("set_registered_model_tag", registry.name, _HISTORY, json.dumps(past[:-1]))
        _mark(registry)
    logs.event("rolled back", version=past[-2], champion=past[-1])
    return version(registry, past[-2])


def alias(registry: Registry, name: str) -> Version | None:
    """Return the version that an alias stands for, None where it stands for none."""
    if not tracking.exists():
        return None
    used(registry)
    aliases, _ = kept.model(registry.name)
    number = aliases.get(name)
    return None if number is None else _version(kept.kept_version(registry.name, number), aliases, 0)


def version_bytes(registry: Registry, one: Version) -> bytes:
    """Return the file of a version, byte for byte what was registered; raises `TrackingError`."""
    return checked_bytes(registry, one.run, one.sha256)


def compare_runs(registry: Registry, first: str, second: str, table: Dataset | None = None) -> tuple[Gap, int]:
    """Return second minus first in the main figure on the rows held back from both, and how many these are.

    Raises `InvalidInput` with the reason where two runs cannot be compared.
    """
    before, after = model_of(registry, first), model_of(registry, second)
    rows, targets = held_back(before, after, table)
    return gap(before, after, rows, targets), len(rows)


def _model(registry: Registry, one: Version) -> Model:
    """Return the model of a version, all of its file checked against what was registered."""
    return loads(version_bytes(registry, one))


def _history(aliases: Mapping[str, int], tags: Mapping[str, str]) -> list[int]:
    """Return the champions, the one of now last."""
    now = aliases.get(CHAMPION)
    if now is None:
        return []
    past = [int(number) for number in json.loads(tags.get(_HISTORY, "[]"))]
    while past and past[-1] != now:
        past.pop()
    return past or [now]


def _stage(number: int, aliases: Mapping[str, int]) -> str:
    """Return the stage that goes with the aliases of a version."""
    if number == aliases.get(CHAMPION):
        return PRODUCTION
    return STAGING if number == aliases.get(CHALLENGER) else ARCHIVED


def _mark(registry: Registry) -> None:
    """Write the stage of each version into its tag, for those who look at the store with other programs."""
    aliases, _ = kept.model(registry.name)
    for one in kept.kept_versions(registry.name):
        stage = _stage(one.number, aliases)
        if one.tags.get(_STAGE) != stage:
            tracking.call("set_model_version_tag", registry.name, str(one.number), _STAGE, stage)


def _version(one: kept.Kept, aliases: Mapping[str, int], earlier: int) -> Version:
    text = one.tags.get(_DECISION)
    return Version(
        one.number,
        one.run,
        one.tags.get(_LABEL, ""),
        one.time,
        one.tags.get(_SHA256, ""),
        tuple(name for name in ALIASES if aliases.get(name) == one.number),
        _stage(one.number, aliases),
        None if text is None else Decision(**json.loads(text)),
        one.number == earlier,
    )
