"""Results as text for people: aligned tables, at least four significant digits, every unit named."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from core.comparison import Comparison
from core.datasets import Target
from core.errors import shown
from core.families.mlp import sizes as sizes_of
from core.families.trees import rounds
from core.metrics import LABELS, SCALARS, Metrics
from core.parts import Parts
from core.sizes import Size
from core.sweep import Point, Sweep
from core.sweep.front import worth
from core.train import Trained

Cell = str | int | float | None


def cell(value: Cell) -> str:
    """Return one cell: counts with separators, figures with four decimals or four significant digits."""
    if value is None:
        return "–"
    if isinstance(value, str):
        return value
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:.4f}" if 0.001 <= abs(value) < 100000 or value == 0 else f"{value:.4g}"


def table(header: Sequence[str], rows: Sequence[Sequence[Cell]]) -> str:
    """Return the rows under their header, first column to the left, the others to the right."""
    lines = [list(header), *[[cell(c) for c in row] for row in rows]]
    widths = [max(len(line[i]) for line in lines) for i in range(len(header))]
    return "\n".join(
        "  ".join(c.ljust(w) if i == 0 else c.rjust(w) for i, (c, w) in enumerate(zip(line, widths, strict=True)))
        for line in lines
    )


def training(trained: Trained, metrics: Mapping[str, Metrics]) -> str:
    """Return the report of a training: metrics by part; coefficients and rank, or how large the trees are."""
    report, dataset = trained.report, trained.dataset
    counts = {"train": report.n_train, "test": report.n_test}
    names = SCALARS[dataset.task]
    rows: list[list[Cell]] = [[p, counts[p], *(metrics[p][m] for m in names)] for p in ("train", "test")]
    lines = [
        *_recipe(trained),
        table(["part", "rows", *(LABELS[n] for n in names)], rows),
    ]
    linear = trained.parts.family == "linear"
    if dataset.task == "regression":
        lines += [f"RMSE and MAE in units of {unit(dataset.target)}", *(["", _coefficients(trained)] if linear else [])]
    else:
        lines += ["", *_classes(metrics["test"])]
    lines.append(f"rank {report.rank} of {report.n_columns}" if linear else growth(trained.parts))
    return "\n".join([*lines, *report.notes])


def growth(parts: Parts) -> str:
    """Return how many trees there are, and how many leaves they have, or how wide the layers of a perceptron are."""
    if parts.family == "mlp":
        columns, hidden, outputs = sizes_of(parts)
        widths = " → ".join(map(str, (columns, *hidden, outputs)))
        return f"layers {widths}, {parts.meta['activation']}, {parts.n_parameters:,} weights and biases"
    trees, leaves = len(parts.structure["n_nodes"]), len(parts.values["leaf"])
    return f"{trees:,} tree{'s' if trees > 1 else ''}, {len(parts.structure['leaf_map']):,} nodes, {leaves:,} leaves"


def _recipe(trained: Trained) -> list[str]:
    if trained.config is None or trained.data is None:
        return []
    config = trained.config
    filled = "" if config.impute == "none" else f", missing numbers {config.impute}"
    label = literal(trained.dataset.label)
    return [f"{label}, {config.model}, scaling {config.scaling}{filled}, seed {trained.data.seed}"]


def _coefficients(trained: Trained) -> str:
    values = trained.parts.values
    rows: list[list[Cell]] = [
        [literal(n), float(w)] for n, w in zip(trained.preparation.columns, values["coef"][0], strict=True)
    ]
    return table(["coefficient", "of the raw feature"], [*rows, ["intercept", float(values["intercept"][0])]])


def _classes(metrics: Metrics) -> list[str]:
    """Return report and confusion matrix of the test rows."""
    report, confusion = metrics["report"], metrics["confusion_matrix"]
    rows: list[list[Cell]] = [
        [literal(n), r["precision"], r["recall"], r["f1"], r["support"]] for n, r in report.items()
    ]
    names = [literal(n) for n in report]
    counts: list[list[Cell]] = [[name, *line] for name, line in zip(names, confusion, strict=True)]
    return [
        table(["class, test rows", "precision", "recall", "F1", "rows"], rows),
        "",
        table(["true \\ predicted", *names], counts),
    ]


def comparison(c: Comparison) -> str:
    """Return metrics, difference, parameters and bytes of both models."""
    rows: list[list[Cell]] = []
    for part in ("test", "train"):
        for name in SCALARS["classification" if c.metric == "accuracy" else "regression"]:
            before, after = c.metrics["original"][part][name], c.metrics["quantized"][part][name]
            gap = None if before is None or after is None else f"{after - before:+.6f}"
            rows.append([f"{part} {name}", six(before), six(after), gap])
    errors, width = c.errors, c.coef_range
    relative = f"{errors.mean() / width:.4%} of their range" if width > 0 else "their range is zero"
    kind = {"trees": "leaf", "mlp": "weight"}.get(c.original.family, "coefficient")
    return "\n".join(
        [
            _scheme(c),
            table(["metric", "original", "quantised", "difference"], rows),
            *difference(c),
            *_agreement(c),
            "",
            _parameters(c),
            f"{kind} errors: mean {errors.mean():.8f}, largest {errors.max():.8f}, mean {relative}",
            "",
            sizes(c.sizes["original"], c.sizes["quantized"]),
            *[f"{y.kind} cast: {y.numbers} bytes at test {LABELS[c.metric]} {cell(y.score)}" for y in c.yardsticks],
            *([] if c.joblib_bytes is None else [f"joblib file of the estimator: {c.joblib_bytes:,} bytes"]),
            *([c.not_smaller] if c.not_smaller else []),
        ]
    )


def _scheme(c: Comparison) -> str:
    """Return how a model was quantised; trees have neither coordinates nor an intercept."""
    scheme = c.quantized.scheme
    if c.quantized.family == "trees":
        shared = {"tensor": "a scale for all trees", "row": "a scale for each tree"}[scheme.granularity]
        return ", ".join([scheme.label, shared, f"scale {scheme.scale}", *scheme.kept_words(rounds(c.original))])
    said = f"{scheme.label}, space {scheme.space}, scale {scheme.scale}, intercept {scheme.intercept}"
    return said if c.quantized.family == "linear" else f"{said}, granularity {scheme.granularity}"


# More parameters than this fill a screen and say nothing; `--json` has them all, of trees those that changed most.
MOST_PARAMETERS = 60
MOST_LEAVES = 10


def _parameters(c: Comparison) -> str:
    short = c.original.family != "linear"
    rows: list[list[Cell]] = [
        [literal(p.name), six(p.original), six(p.quantized), f"{p.error:+.6f}", p.code]
        for p in c.parameters[: MOST_LEAVES if short else MOST_PARAMETERS]
    ]
    more = (len(c.errors) if short else len(c.parameters)) - len(rows)
    kind = {"trees": "leaf", "mlp": "weight"}.get(c.original.family, "parameter")
    listed = table([kind, "original", "quantised", "error", "code"], rows)
    if not more:
        return listed
    return f"{listed}\n… and {more:,} more " + ("that changed less" if short else "parameters: see --json")


def _agreement(c: Comparison) -> list[str]:
    a = c.agreement
    if a.same is None:
        return []
    rows = ", ".join(str(f.row) for f in a.flipped[:20]) + (" …" if len(a.flipped) > 20 else "")
    flipped = f"{len(a.flipped)} of them change their class: {rows}" if a.flipped else "none changes its class"
    return [f"same class on {a.same:.2%} of the test rows; {flipped}"]


def six(value: float | None) -> Cell:
    """Return a figure with six decimals."""
    return None if value is None else f"{value:.6f}"


def difference(c: Comparison) -> list[str]:
    """Return the difference on the test rows with its interval, its verdict and the row that moves it most."""
    d = c.difference
    if d is None:
        return ["there is no difference to state: no test rows, or all their targets are equal"]
    return [
        f"test {LABELS[d.metric]} difference {d.value:+.6f}, 95 % interval [{d.low:+.6f}, {d.high:+.6f}]: {d.verdict}",
        f"test row {d.row} moves it most, by {d.row_effect:+.6f}; without it {d.value_without:+.6f}",
    ]


def sizes(original: Size, quantized: Size) -> str:
    """Return the bytes of both models, figure by figure."""
    names = ("payload", "side", "container", "file")
    rows: list[list[Cell]] = [[n, getattr(original, n), getattr(quantized, n)] for n in names]
    rows.append(["bits a parameter", original.bits_per_parameter, quantized.bits_per_parameter])
    return table(["bytes", "original", "quantised"], rows)


def sweep(s: Sweep, methods: Sequence[str], basis: str) -> str:
    """Return figure on the test rows and bytes of every method at every width, one line a width.

    Where switches were turned too, the setting with the best figure on `basis` stands for its method and width.
    """
    widths = sorted({p.bits for p in s.points})
    found: dict[tuple[str, int], Point] = {}
    for p in s.points:
        best = found.get((p.method, p.bits))
        if best is None or worth(p, basis) > worth(best, basis):
            found[p.method, p.bits] = p
    header = ["bits", *[h for m in methods for h in (m, "bytes")]]
    rows: list[list[Cell]] = []
    for bits in widths:
        line: list[Cell] = [str(bits)]
        for point in (found.get((method, bits)) for method in methods):
            line += [None, None] if point is None else [six(point.test), point.numbers]
        rows.append(line)
    casts = [f"{c.kind} cast: {c.numbers} bytes, {cell(c.test)}" for c in s.casts]
    original = f"original: {s.original_numbers} bytes, {cell(s.original_test)}"
    return "\n".join([f"{LABELS[s.metric]} on the test rows", table(header, rows), original, *casts])


def predictions(columns: Mapping[str, Sequence[float | str]], rows: int) -> str:
    """Return the first of so many `rows`: true value where known, both models, their errors."""
    names = list(columns)
    count = len(columns[names[0]])
    lines: list[list[Cell]] = [[str(i), *(_shown(columns[n][i]) for n in names)] for i in range(count)]
    more = [f"… and {rows - count:,} more rows"] if rows > count else []
    return "\n".join([table(["row", *names], lines), *more])


def unit(target: Target) -> str:
    """Return what 1 of the target stands for; a column of a user's own table has no unit but itself."""
    return literal(target.table_unit or target.name)


def _shown(value: float | str) -> str:
    return literal(value) if isinstance(value, str) else f"{value:.4f}"


def literal(text: str) -> str:
    """Return `text` from a file as one harmless line."""
    return shown(text).strip('"')
