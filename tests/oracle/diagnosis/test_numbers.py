"""A mistake's number is fitted where it is none of the known ones, and given only where three vectors determine it."""

from __future__ import annotations

import functools

import pytest

from nce_ref import oracle
from nce_ref.oracle.mistakes import CATALOGUE, find_mistake
from tests.oracle.answers import diagnosis

pytestmark = pytest.mark.long


def impl(id, objective, value):
    return functools.partial(CATALOGUE[id].evaluate, objective, value=value)


PLANTED = [
    ("eps-in-log", "binary_nce", 3e-4, "float64"),
    ("eps-in-log", "log_sigmoid", 2.5e-5, "float64"),
    ("eps-in-log", "laplace_ica_nce", 7e-3, "float32"),
    ("clip-prob", "nce_from_log_ratios", 3e-4, "float64"),
    ("clip-prob", "log_sigmoid", 0.02, "float32"),
    ("clip-logits", "log_sigmoid", 12.5, "float64"),
    ("clip-logits", "gaussian_nce", 8.0, "float32"),
    ("jitter", "gaussian_log_density", 3e-4, "float64"),
    ("jitter", "laplace_ica_nce", 0.0625, "float32"),
    ("is-eps-in-log", "importance_sampling_from_log_densities", 3e-7, "float64"),
    ("is-clip-log-weights", "importance_sampling_from_log_densities", 15.0, "float64"),
    ("root-abs", "laplace_ica_mle", 2.5e-5, "float64"),
]


@pytest.mark.parametrize(("id", "objective", "value", "dtype"), PLANTED)
def test_a_number_that_nobody_listed_is_found(id, objective, value, dtype):
    assert value not in CATALOGUE[id].number.known
    said = diagnosis(objective, impl(id, objective, value), dtype)
    assert (said.best.kind, said.best.id) == ("mistake", id)
    # A clip of h at eps is one of t at ln(1/eps - 1), a number that is not round.
    assert {other.id for other in said.ambiguous} <= (
        {"clip-prob", "clip-logits"} - {id} if "clip" in id else set()
    )
    assert said.best.value == pytest.approx(value, rel=1e-3 if dtype == "float64" else 0.02)
    assert f"{CATALOGUE[id].number.symbol} = {said.best.value:g}" in said.best.title


def test_the_digits_are_those_that_the_dtype_supports():
    """A number of seven digits: all come back in float64, not all in float32, and none that are not there."""
    value = 1.234567e-3
    for dtype, digits in (("float64", range(7, 8)), ("float32", range(1, 7))):
        said = diagnosis("laplace_ica_nce", impl("eps-in-log", "laplace_ica_nce", value), dtype)
        text = f"{said.best.value:.16e}".split("e")[0].rstrip("0").replace(".", "")
        assert len(text) in digits, (dtype, said.best.value)
        assert said.best.value == pytest.approx(value, rel=10.0 ** (1 - len(text)))


@pytest.mark.parametrize(
    ("id", "objective", "value", "dtype"),
    [
        # Four vectors see it, and two of them any number as small.
        ("is-eps-in-log", "importance_sampling_from_log_densities", 1e-7, "float32"),
        ("clip-logits", "log_sigmoid", 500.0, "float32"),  # two vectors reach so far
    ],
)
def test_a_number_that_too_few_vectors_determine_is_not_given(id, objective, value, dtype):
    said = diagnosis(objective, impl(id, objective, value), dtype)
    likely = {said.best.id, *(other.id for other in said.ambiguous)}
    assert id in likely or said.best.id == "naive-log-sigmoid"
    assert said.best.value is None and " = " not in said.best.title.split(",")[-1]


def test_the_value_is_a_field_of_the_report():
    report = oracle.check(
        lambda **inputs: impl("jitter", "gaussian_log_density", 1e-3)(inputs),
        "gaussian_log_density",
    )
    best = report.to_dict()["diagnosis"]["best"]
    assert (best["id"], best["value"]) == ("jitter", 1e-3)
    other = oracle.check(lambda t: {"value": -t}, "log_sigmoid").to_dict()["diagnosis"]
    assert all(suspect["value"] is None for suspect in other["suspects"])


def test_former_ids_are_described():
    from nce_ref.oracle.describe import describe_mistake

    text = describe_mistake("eps-in-log-1e-4")
    assert text.startswith("eps-in-log: ") and "0.0001" in text
    assert find_mistake("jitter-1e-8") is CATALOGUE["jitter"]
