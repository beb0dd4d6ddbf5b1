"""The byte budget: set once, it stays on every page and in the address, and each result says whether it fits."""

from __future__ import annotations

import re
from typing import Any

import pytest

from core.device import estimate
from core.permalink import to_query
from core.quant import Scheme
from pages import _budget, _state
from tests.pages.visit import PAGES, Visit, unescaped
from tests.support import california

FITTED = "budget must be a whole number from 1 to 1000000000, got"
DEFAULT_BYTES = 48


def verdicts(visit: Visit) -> list[str]:
    """Return what is said of the budget beside the dials: in the sidebar, and for narrow screens."""
    found = [m.value for m in (*visit.at.sidebar.markdown, *visit.at.main.markdown)]
    return [re.sub(r":material/\w+: ", "", m) for m in found if re.match(r":(green|red)\[:material/\w+: ", m)]


@pytest.mark.parametrize(
    ("budget", "said", "ending"),
    [
        (24, ":red[24 bytes too many]", ": 24 bytes too many for a budget of 24."),
        (47, ":red[1 byte too many]", ": 1 byte too many for a budget of 47."),
        (48, ":green[fits exactly]", ": fits a budget of 48 exactly."),
        (49, ":green[fits, 1 byte to spare]", ": fits a budget of 49, 1 byte to spare."),
        (
            10**9,
            ":green[fits, 999,999,952 bytes to spare]",
            ": fits a budget of 1,000,000,000, 999,999,952 bytes to spare.",
        ),
    ],
)
def test_every_result_says_whether_it_fits_and_by_how_much(budget: int, said: str, ending: str) -> None:
    """Eight bits take 48 bytes: sidebar, finding, card and the line of narrow screens agree about them."""
    visit = Visit()
    assert visit.comparison.sizes["quantized"].numbers == DEFAULT_BYTES
    before = visit.finding
    visit.set("number_input", "budget", budget)
    narrow = f"{said.split('[')[0]}[budget {budget:,}: {said.split('[')[1]}"
    assert verdicts(visit) == [said, narrow]
    assert visit.finding == before.removesuffix(".") + ending
    card = next(m for m in visit.at.metric if m.label == "Bytes")
    assert card.delta == said.split("[")[1].removesuffix("]")
    assert "42.7 bits per parameter" in card.proto.help
    assert visit.address == to_query(visit.experiment) | {"budget": str(budget)}


def test_without_a_budget_nothing_is_said_of_one() -> None:
    """An empty input, no verdict, and an address without the word; emptied again, all is as before."""
    visit = Visit()
    before, address = visit.shot(), visit.address
    assert visit.widget("number_input", "budget").value is None
    assert verdicts(visit) == []
    assert "budget" not in address
    assert visit.set("number_input", "budget", 30).shot() != before
    assert visit.set("number_input", "budget", None).shot() == before
    assert visit.address == address


@pytest.mark.parametrize("page", PAGES)
def test_a_budget_of_the_address_is_seen_on_every_page(page: str) -> None:
    """Reloaded or shared, a link keeps the budget; sidebar and address show it wherever one is."""
    visit = Visit(page, budget="24", bits="8")
    assert visit.errors == []
    assert visit.widget("number_input", "budget").value == 24
    assert verdicts(visit)[0] == ":red[24 bytes too many]"
    # On Train the dial is at work in the sidebar alone, and so is the budget.
    assert len(verdicts(visit)) == (1 if page == "train" else 2)
    assert visit.address["budget"] == "24"


def test_a_budget_stays_while_everything_else_changes() -> None:
    """Pages, dial, model and presets come and go; the verdict follows the bytes of each result."""
    visit = Visit().set("number_input", "budget", 45)
    for page in ("train", "compare", "predict", "quantise"):
        visit.go(page)
        assert visit.widget("number_input", "budget").value == 45
    for bits in (4, 16):
        visit.set("slider", "bits", bits)
        numbers = visit.comparison.sizes["quantized"].numbers
        assert verdicts(visit)[0] == (":green[fits, 1 byte to spare]" if bits == 4 else ":red[11 bytes too many]")
        assert (numbers <= 45) == (bits == 4)
    visit.unfold("presets_box").press("preset_system-001-window")
    assert visit.widget("number_input", "budget").value == 45
    assert visit.finding.endswith(": 36 bytes too many for a budget of 45.")
    assert visit.address == to_query(visit.experiment) | {"budget": "45"}


@pytest.mark.parametrize("value", [0, -5, 10**9 + 1])
def test_a_budget_out_of_range_is_refused(value: int) -> None:
    """One message; the budget before it stays in widget, verdict and address; the next good one settles it."""
    visit = Visit(budget="64")
    before, address = visit.shot(), visit.address
    visit.set("number_input", "budget", value)
    assert visit.errors == [f"{FITTED} {value}"]
    assert visit.widget("number_input", "budget").value == 64
    assert {n: v for n, v in visit.shot().items() if not n.startswith("error")} == before
    assert visit.address == address
    visit.set("number_input", "budget", 65)
    assert visit.errors == []


@pytest.mark.parametrize("text", ["0", "2.5", "24 ", "", "1e3", "-1", "1000000001", "<b>x</b>", "9" * 400])
def test_a_bad_budget_of_the_address_leaves_the_rest(text: str) -> None:
    """One message naming what came; bits and method of the same address count."""
    visit = Visit(budget=text, bits="5", method="asymmetric")
    assert len(visit.errors) == 1
    spelt = text if re.fullmatch("[0-9]{1,18}", text) else f'"{text if len(text) <= 80 else text[:79] + "…"}"'
    assert visit.errors == [f"{FITTED} {spelt}"]
    assert visit.widget("number_input", "budget").value is None
    assert visit.experiment.scheme == Scheme("asymmetric", 5)
    assert visit.address == to_query(visit.experiment)


def test_a_budget_alone_is_an_address() -> None:
    """Beside a budget everything may be left out, and messages about other values come beside that of a budget."""
    assert Visit(budget="24").address["budget"] == "24"
    visit = Visit(budget="none", bits="17")
    assert [e.split(" must")[0] for e in visit.errors] == ["bits", "budget"]


def words(budget: int | None, numbers: int, monkeypatch: pytest.MonkeyPatch) -> tuple[str, str]:
    """Return both forms of the verdict under a budget."""
    monkeypatch.setattr(_state, "budget", lambda: budget)
    return _budget.words(numbers), _budget.ending(numbers)


def test_the_words_for_pins_and_charts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing without a budget; singular and plural; thousands in groups."""
    assert words(None, 5, monkeypatch) == ("", "")
    assert words(5, 5, monkeypatch) == ("fits exactly", ": fits a budget of 5 exactly")
    assert words(5, 6, monkeypatch) == ("1 byte too many", ": 1 byte too many for a budget of 5")
    assert words(5000, 2, monkeypatch)[0] == "fits, 4,998 bytes to spare"


def line(visit: Visit) -> str:
    """Return what is said of a device."""
    return next(c.value for c in visit.at.main.caption if c.value.startswith("On a device: "))


@pytest.mark.parametrize("page", ["home", "quantise", "compare"])
def test_a_device_is_spoken_of_briefly_and_in_full_under_a_budget(page: str) -> None:
    """Flash, working memory and operations of one prediction, as core estimates them."""
    visit = Visit(page)
    assert line(visit) == "On a device: flash 48 bytes, working memory 40 bytes, 34 operations a prediction."
    visit.set("number_input", "budget", 24)
    assert line(visit) == (
        "On a device: flash 48 bytes, working memory 40 bytes, 9 multiplications, 17 additions, 8 divisions a prediction."
    )
    assert "1 multiplication" in line(visit.set("slider", "bits", 1))
    assert "multiplications" not in line(visit)


def shown(visit: Visit) -> dict[str, Any]:
    """Return the opened table: the figures of both models by name."""
    visit.at.session_state.device_box = True
    visit.run()
    return {
        row["one prediction"]: (row["original"], row["quantised"]) for row in visit.table("Needs of one prediction")
    }


def test_how_it_is_counted_is_a_click_away() -> None:
    """The table sets both models side by side, leaves out what neither does, and says what is not counted."""
    visit = Visit(bits="5")
    assert not any(d.proto.alt == "Needs of one prediction" for d in visit.at.dataframe)
    rows, c = shown(visit), visit.comparison
    before, after = (estimate(m, california().preparation) for m in (california().parts, c.quantized))
    assert rows["flash, bytes"] == (72, c.sizes["quantized"].numbers) == (before.flash, after.flash)
    assert rows["working memory, bytes"] == (before.ram, after.ram)
    assert rows["– 8 columns of the row"] == (64, 32)
    for name in ("multiplications", "additions", "divisions", "shifts"):
        assert rows[name] == (getattr(before, name), getattr(after, name))
    assert rows.keys().isdisjoint({"lookups", "exponentials"})
    assert any("are not counted" in unescaped(c.value) for c in visit.at.caption)
