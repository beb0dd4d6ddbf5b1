"""What was saved: a run with everything that made it, a version of the registry, and a decision of the gate."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from core.errors import InvalidInput
from core.parts import read_only
from core.settings import settings

CHAMPION, CHALLENGER = "champion", "challenger"
ALIASES = (CHAMPION, CHALLENGER)
PRODUCTION, STAGING, ARCHIVED = "Production", "Staging", "Archived"
# What pages, interface and command line share where the server is not hosted.
OPERATOR = "bitdial"


@dataclass(frozen=True)
class Registry:
    """Whose runs and versions: the name of an experiment and of a registered model."""

    name: str = OPERATOR


def registry_of(folder: str) -> Registry:
    """Return the registry of one who has the workspace `folder`: everybody's, or hosted one's own.

    Raises `InvalidInput` for one without a workspace on a hosted server.
    """
    if not settings().hosted:
        return Registry()
    if not folder:
        raise InvalidInput("workspace", "none", "a workspace, which runs and versions belong to on this server")
    return Registry(f"{OPERATOR}-{folder}")


@dataclass(frozen=True)
class Gap:
    """A difference in `metric` with the paired bootstrap 95 % interval and the verdict in words."""

    metric: str
    value: float
    low: float
    high: float
    verdict: str


@dataclass(frozen=True)
class Run:
    """One saved run: what it is called, what made it, what came out.

    `time` is in seconds since 1970. `method` is "" and `bits` 0 where nothing was quantised. `metrics` are called
    "original.test.r2", `intervals` (95 %, of the main figure on the test rows) by the model, `sizes` "quantized.file"
    in bytes; `params` are the whole setting as texts, "train.model". `sha256` and `bytes` are those of the file, `link`
    the parameters of a page's address that show the run again and `setting` the same as JSON, "" where they cannot.
    """

    id: str
    time: float
    label: str
    note: str
    origin: str
    task: str
    dataset: str
    model: str
    method: str
    bits: int
    metric: str
    metrics: Mapping[str, float]
    intervals: Mapping[str, tuple[float, float]]
    difference: Gap | None
    sizes: Mapping[str, int]
    params: Mapping[str, str]
    data_sha256: str
    sha256: str
    bytes: int
    versions: Mapping[str, str]
    link: str = ""
    setting: str = ""
    deleted: bool = False

    def __post_init__(self) -> None:
        """Freeze what is mutable."""
        for name in ("metrics", "intervals", "sizes", "params", "versions"):
            object.__setattr__(self, name, read_only(getattr(self, name)))

    @property
    def variant(self) -> str:
        """The model that answers: the quantised one where there is one."""
        return "quantized" if self.method else "original"

    def score(self, variant: str = "", part: str = "test") -> float | None:
        """Return the main figure of one model on one part of the rows, None where it has none."""
        return self.metrics.get(f"{variant or self.variant}.{part}.{self.metric}")

    def size(self, variant: str = "", kind: str = "file") -> int | None:
        """Return the bytes of one model: "payload", "side", "numbers" (both of these), or its own "file"."""
        return self.sizes.get(f"{variant or self.variant}.{kind}")

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON."""
        found = {name: getattr(self, name) for name in self.__dataclass_fields__}
        for name in ("metrics", "intervals", "sizes", "params", "versions"):
            found[name] = dict(found[name])
        return found | {"difference": None if self.difference is None else dict(vars(self.difference))}


@dataclass(frozen=True)
class Decision:
    """What the gate decided about a version, and what that rests on; `champion` is 0 where there was none.

    `value`, `low` and `high` are version minus champion in `metric` on the same held-back `rows`, None without a gate.
    `reason` says it in one sentence. `time` is in seconds since 1970.
    """

    promoted: bool
    version: int
    champion: int
    tolerance: float
    reason: str
    time: float
    metric: str = ""
    rows: int = 0
    value: float | None = None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Version:
    """One version of the registry: the run it is of, how it is called, and the last decision about it.

    `before` says that it was the champion before this one: a rollback brings it back.
    """

    number: int
    run: str
    label: str
    time: float
    sha256: str
    aliases: tuple[str, ...] = ()
    stage: str = ARCHIVED
    decision: Decision | None = None
    before: bool = False
