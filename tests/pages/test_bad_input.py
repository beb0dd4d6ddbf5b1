"""Bad input on the pages: one message for each value, in full; the settings before it stay; nothing falls over."""

from __future__ import annotations

from typing import Any

import pytest

from core.config import DataConfig, Experiment, TrainConfig
from core.errors import InvalidInput
from core.permalink import LONGEST, to_query
from core.quant import Scheme
from pages._format import literal
from tests.pages.test_pages import DEFAULT
from tests.pages.visit import PAGES, Visit, unescaped

BITS = "bits must be a whole number from 1 to 16, got"
SHARE = "test_size must be a number above 0 and below 1, got"
ROWS = "test_size must be a share that leaves 2 rows on either side, got"
SEED = "seed must be a whole number from 0 to 4.29497e+09, got"
ALPHA = "alpha must be a number above 0 and at most 1e+06, got"
KNOWN = "setting in the address must be one of bits, dataset, degree, fill, granularity, impute, indicator, "
LASSO = Experiment(train=TrainConfig("lasso"))


def no_model(text: str) -> str:
    """Return how a name is refused that no model has."""
    with pytest.raises(InvalidInput) as refused:
        TrainConfig(text)
    return str(refused.value)


BAD: list[tuple[dict[str, Any], list[str], Experiment]] = [
    ({"model": "forest"}, [no_model("forest")], Experiment()),
    ({"method": "kmeans"}, ['method must be one of symmetric, asymmetric, window, codebook, auto, got "kmeans"'], Experiment()),
    ({"dataset": "../../etc"}, ['dataset must be one of california_housing, diabetes, digits, wine, breast_cancer, got "../../etc"'], Experiment()),
    *[({"bits": bits}, [f"{BITS} {bits}"], Experiment()) for bits in ("0", "17", "-1", "1000000000")],
    *[({"bits": bits}, [f'{BITS} "{bits}"'], Experiment()) for bits in ("2.5", "8 ", "NaN", '"8"', "1e9", "", "null")],
    *[({"test_size": s}, [f"{SHARE} {float(s)}"], Experiment()) for s in ("0", "1", "-0.5", "1.5")],
    *[({"test_size": s}, [f'{SHARE} "{s}"'], Experiment()) for s in ("nan", "inf", "half", "0,2")],
    ({"test_size": "0.00001"}, [f"{ROWS} 1e-05"], Experiment()),
    ({"test_size": "0.99999", "bits": "4"}, [f"{ROWS} 0.99999"], Experiment(scheme=Scheme(bits=4))),
    ({"seed": "-1"}, [f"{SEED} -1"], Experiment()),
    ({"seed": "4294967296"}, [f"{SEED} 4294967296"], Experiment()),
    ({"degree": "3"}, ["degree must be a whole number from 1 to 2, got 3"], Experiment()),
    ({"scaling": "log"}, ['scaling must be one of standard, none, got "log"'], Experiment()),
    ({"space": "Raw"}, ['space must be one of standardised, raw, got "Raw"'], Experiment()),
    ({"rounding": "up"}, ['rounding must be nearest, got "up"'], Experiment()),
    ({"model": "lasso", "alpha": "0"}, [f"{ALPHA} 0.0"], LASSO),
    ({"model": "lasso", "alpha": "1e7"}, [f"{ALPHA} 10000000.0"], LASSO),
    ({"model": "lasso", "alpha": "one"}, [f'{ALPHA} "one"'], LASSO),
    ({"model": "lasso", "max_iter": "10.5"}, ['max_iter must be a whole number from 10 to 10000, got "10.5"'], LASSO),
    ({"model": "lasso", "positive": "yes"}, ['positive must be true or false, got "yes"'], LASSO),
    ({"method": "window", "width": "0"}, ["width must be a number above 0 and at most 10, got 0.0"],
     Experiment(scheme=Scheme("window"))),
    ({"method": "window", "scale": "mse"}, ['scale must be minmax: the range of window is fixed, got "mse"'],
     Experiment(scheme=Scheme("window"))),
    ({"v": "99"}, ['v must be 1, the version of these settings, got "99"'], Experiment()),
    ({"v": "99", "bits": "3"}, ['v must be 1, the version of these settings, got "99"'], Experiment()),
    ({"v": ""}, ['v must be 1, the version of these settings, got ""'], Experiment()),
    ({"noise": "x" * 2048}, [f'address must be at most {LONGEST} characters of settings, got "…"'], Experiment()),
    ({"bits": "3", **{f"n{i}": "y" * 20 for i in range(100)}},
     [f'address must be at most {LONGEST} characters of settings, got "…"'], Experiment()),
    ({"bits": "17", "model": "x", "test_size": "0", "seed": "7"},
     [f"{SHARE} 0.0", no_model("x"), f"{BITS} 17"],
     Experiment(DataConfig(seed=7))),
]  # fmt: skip


@pytest.mark.parametrize(("query", "messages", "left"), BAD)
def test_a_bad_address_is_answered_value_by_value(query: dict[str, Any], messages: list[str], left: Experiment) -> None:
    """Each refused value has its one message; everything else in the address counts; the address is put right."""
    visit = Visit(**query)
    assert visit.errors == messages
    assert visit.experiment == left
    assert visit.address == to_query(left)
    assert visit.finding == Visit(**visit.address).finding


@pytest.mark.parametrize("name", ["alpha", "path", "__proto__", "Bits", "<b>x</b>", "](http://x)", "a" * 500, "é"])
def test_an_unknown_name_in_the_address_is_named(name: str) -> None:
    """A name that nothing knows is shown as it came, at most 80 characters of it, and read by nobody."""
    visit = Visit(**{name: "1"})
    assert len(visit.errors) == 1
    assert visit.errors[0].startswith(KNOWN)
    spelt = name if len(name) <= 80 else name[:79] + "…"
    assert visit.errors[0].endswith(f'got "{spelt}"')
    assert visit.finding == DEFAULT


@pytest.mark.parametrize("page", PAGES)
def test_every_page_works_after_a_bad_address(page: str) -> None:
    """The message stands on every page, beside the complete default page, until something is changed."""
    visit = Visit(page, bits="17", method="kmeans")
    assert len(visit.errors) == 2
    shown = {n: v for n, v in visit.shot().items() if not n.startswith("error")}
    assert shown == Visit(page).shot()
    assert len(visit.run().errors) == 2
    visit.set("slider", "bits", 5)
    assert visit.errors == []
    assert visit.address["bits"] == "5"


def test_a_repeated_name_counts_once() -> None:
    """Of a name that stands twice in the address the last value counts, as in every web form."""
    visit = Visit(bits=["4", "5"])
    assert visit.errors == []
    assert visit.experiment.scheme.bits == 5


def test_what_streamlit_itself_reads_is_no_setting() -> None:
    """Its own parameters (`embed`) are neither refused nor taken away."""
    visit = Visit(embed="true", bits="5")
    assert visit.errors == []
    assert visit.experiment.scheme.bits == 5


@pytest.mark.parametrize(
    "value",
    [
        "<script>alert(1)</script>",
        "[click](http://example.org)",
        "![](http://example.org/x.png)",
        ":red[x] $x^2$ **b** _i_ `c`",
        "\\[x\\] \\",
        "a\x00\x1b[31m\u202eb",
        "https://example.org www.example.org me@example.org",
    ],
)
def test_a_hostile_value_is_shown_letter_by_letter(value: str) -> None:
    """Whatever the address holds is text in the message: no link, picture, colour, formula or control character."""
    visit = Visit(model=value)
    raw = visit.at.error[0].value
    spelt = "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in value)
    assert visit.errors == [no_model(value)]
    assert visit.errors[0].endswith(f'got "{spelt}"')
    assert raw == literal(visit.errors[0])
    bare = raw.replace("\\\\", "")
    for sign in "<>[]()!:$*_`@.":
        assert bare.count(sign) == bare.count("\\" + sign), sign


REFUSED: list[tuple[dict[str, str], str, str, float, str]] = [
    ({"method": "window", "bits": "4"}, "home", "param_window_width", 0.0,
     "width must be a number above 0 and at most 10, got 0.0"),
    ({"model": "lasso"}, "train", "hyper_lasso_alpha", 0.0, f"{ALPHA} 0.0"),
    ({"model": "elastic_net"}, "train", "hyper_elastic_net_alpha", 0.0, f"{ALPHA} 0.0"),
    ({}, "predict", "f_MedInc", 1e300, "Median income must be a number from -1e+09 to 1e+09, got 1e+300"),
    ({}, "predict", "f_Latitude", -1e10, "Latitude must be a number from -1e+09 to 1e+09, got -10000000000.0"),
]  # fmt: skip


@pytest.mark.parametrize(("query", "page", "key", "value", "message"), REFUSED)
def test_a_refused_number_leaves_everything_as_it_was(
    query: dict[str, str], page: str, key: str, value: float, message: str
) -> None:
    """One message, the widget back at its value, the same figures and address; the next good value settles it."""
    visit = Visit(page, **query).unfold("advanced_box")
    before, kept, address = visit.shot(), visit.widget("number_input", key).value, visit.address
    visit.set("number_input", key, value)
    assert visit.errors == [message]
    assert visit.widget("number_input", key).value == kept
    assert {n: v for n, v in visit.shot().items() if not n.startswith("error")} == before
    assert visit.address == address
    visit.set("number_input", key, kept + 0.25)
    assert visit.errors == []
    assert visit.shot() != before


def test_degree_two_of_the_largest_district_is_a_number() -> None:
    """At the ends of what the form takes, squares and sums stay finite: no answer is NaN or infinite."""
    visit = Visit("predict", degree="2")
    for name in ("MedInc", "HouseAge", "AveRooms", "AveBedrms", "Population", "AveOccup", "Latitude", "Longitude"):
        visit.set("number_input", f"f_{name}", 1e9)
    assert visit.errors == []
    for label in ("Original", "Quantised", "Difference"):
        assert float(visit.metric(label).replace("$", "").replace(",", "").replace("−", "-")) != 0
    assert unescaped(visit.at.warning[0].value).startswith("Median income 1e+09 lies outside")


def test_a_cross_validation_without_rows_is_refused() -> None:
    """With six training rows five folds are not possible: a message in place of the figures, the page as it was."""
    visit = Visit("compare", test_size="0.9997")
    before = visit.shot()
    visit.press("cv")
    assert visit.errors == ["cv must be a whole number from 2 to 3, with rows of every kind in each fold, got 5"]
    assert {n: v for n, v in visit.shot().items() if not n.startswith("error")} == before


def test_a_bad_value_of_one_visit_is_not_seen_by_another() -> None:
    """While one visitor has messages, another opens a page without any."""
    bad = Visit(bits="17")
    assert Visit().errors == []
    assert len(bad.run().errors) == 1
