"""Versions of a model and their aliases, as the store keeps them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from core import tracking


@dataclass(frozen=True)
class Kept:
    """A version as it is kept; `time` is in seconds since 1970."""

    number: int
    run: str
    time: float
    tags: Mapping[str, str]


def keep_version(name: str, run: str, file: str, tags: Mapping[str, str]) -> int:
    """Make a file of a run the next version of the model `name`, and return its number."""
    if not tracking.call("search_registered_models", f"name = '{name}'"):
        tracking.call("create_registered_model", name)
    source = f"{tracking.call('get_run', run).info.artifact_uri}/{file}"
    return int(tracking.call("create_model_version", name, source, run, dict(tags), await_creation_for=0).version)


def kept_versions(name: str) -> list[Kept]:
    """Return the versions of the model `name`, the newest first."""
    found: list[Kept] = []
    token = None
    while True:
        page = tracking.call("search_model_versions", f"name = '{name}'", 200, ["version_number DESC"], token)
        found += map(_kept, page)
        token = page.token
        if not token:
            return found


def kept_version(name: str, number: int) -> Kept:
    """Return one version of the model `name`; raises `TrackingError` for one that there is not."""
    return _kept(tracking.call("get_model_version", name, str(number)))


def _kept(version: Any) -> Kept:
    return Kept(int(version.version), version.run_id, version.creation_timestamp / 1000, version.tags)


def model(name: str) -> tuple[Mapping[str, int], Mapping[str, str]]:
    """Return the aliases of the model `name` with their versions, and its tags; both empty where there is none."""
    found = tracking.call("search_registered_models", f"name = '{name}'")
    if not found:
        return {}, {}
    return {alias: int(number) for alias, number in found[0].aliases.items()}, found[0].tags
