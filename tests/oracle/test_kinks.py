"""Another derivative at a kink is a choice; anything else there is still wrong."""

from __future__ import annotations

import zlib

import numpy as np
import pytest

from nce_ref import oracle
from nce_ref.oracle.families.densities.facts import KINK_CONVENTION as MISTAKE
from nce_ref.oracle.judge import judge
from nce_ref.oracle.kinks import settle
from nce_ref.oracle.mistakes import CATALOGUE
from nce_ref.oracle.results import CHOICE, STATUSES
from tests.oracle.steps import Steps, evaluate

OBJECTIVES = ("laplace_ica_nce", "laplace_ica_mle")
DTYPES = ("float32", "float64")


class Sloped(Steps):
    """The derivative of |s| at s = 0 is what ``slope`` says: a number, or an array's worth of them from its own
    generator."""

    def __init__(self, slope):
        self.slope = slope

    def absolute(self, s):
        at_zero = (
            self.slope(s) if callable(self.slope) else np.full(s.shape, self.slope, dtype=s.dtype)
        )
        return np.abs(s), np.where(s == 0, at_zero, np.sign(s)).astype(s.dtype)


def implementation(objective, slope, after=lambda outputs, inputs: outputs):
    return lambda **inputs: after(evaluate(Sloped(slope), objective, inputs), inputs)


def kinked(objective):
    """The vectors where the choice shows: a kink at a point other than 0."""
    return {v.id for v in oracle.cases(objective, flags=["kink"]) if MISTAKE in v.kills}


def choices(report):
    return {result.id for result in report.results if result.status == CHOICE}


def test_the_status_and_the_catalogue_know_it():
    assert CHOICE in STATUSES and CATALOGUE[MISTAKE].choice
    assert all(len(kinked(objective)) >= 2 for objective in OBJECTIVES)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("objective", OBJECTIVES)
@pytest.mark.parametrize("slope", [1.0, -1.0, 0.5, -0.3])
def test_one_number_for_all_kinks_is_a_choice_and_is_named(objective, slope, dtype):
    report = oracle.check(implementation(objective, slope), objective, dtype)
    assert report.ok and choices(report) == kinked(objective)
    said = f"{MISTAKE}: the derivative of |s| at s = 0 is {slope:.3g} here"
    assert str(report).count(said) == 1 and all(id_ in str(report) for id_ in choices(report))
    assert report.diagnosis.best is None and report.to_dict()["counts"][CHOICE] == len(
        choices(report)
    )


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("objective", OBJECTIVES)
def test_the_catalogues_own_choice_is_one(objective, dtype):
    report = oracle.check(
        lambda **inputs: CATALOGUE[MISTAKE].evaluate(objective, inputs), objective, dtype
    )
    assert report.ok and choices(report) == kinked(objective)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("objective", OBJECTIVES)
@pytest.mark.parametrize("seed", range(6))
def test_any_mixture_within_the_bounds_is_a_choice(objective, seed, dtype):
    """Signs as rounding has them (even seeds), anything between (odd seeds); the same for the same inputs."""

    def draw(s):
        rng = np.random.default_rng([seed, zlib.crc32(np.ascontiguousarray(s).tobytes())])
        even = seed % 2 == 0
        return rng.choice([-1.0, 1.0], size=s.shape) if even else rng.uniform(-1, 1, size=s.shape)

    report = oracle.check(implementation(objective, draw), objective, dtype)
    assert report.ok and choices(report) == kinked(objective), str(report)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("objective", OBJECTIVES)
@pytest.mark.parametrize(
    "convention",
    [
        oracle.Convention(sense="minimise", reduction="sum"),
        oracle.Convention(reduction="half", c_sign="subtracted"),
    ],
)
def test_under_another_convention_too(objective, convention, dtype):
    target = oracle.OBJECTIVES[objective]

    def impl(**inputs):
        ours = convention.inputs(target, inputs)
        return {
            name: convention.factor(target, name, ours) * value
            for name, value in evaluate(Sloped(1.0), objective, ours).items()
        }

    report = oracle.check(impl, objective, dtype, convention)
    assert report.ok and choices(report) == kinked(objective)


def nudge(row, size):
    """Move a row of the gradient to where no kink reaches."""

    def after(outputs, inputs):
        shifted = np.array(outputs["grad_B"])
        shifted[row] += size
        return {**outputs, "grad_B": shifted}

    return after


def half(outputs, inputs):
    return {name: 0.5 * value for name, value in outputs.items()}


def nan(outputs, inputs):
    spoilt = np.array(outputs["grad_B"])
    spoilt[0, 0] = np.nan
    return {**outputs, "grad_B": spoilt}


def value_off(outputs, inputs):
    return {**outputs, "value": outputs["value"] + 0.01}


def transposed(outputs, inputs):
    return {**outputs, "grad_B": outputs["grad_B"].T}


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("objective", OBJECTIVES)
@pytest.mark.parametrize(
    ("slope", "after"),
    [
        (2.0, None),
        (-1.01, None),
        (np.nan, None),
        (np.inf, None),
        (1.0, nan),
        (1.0, half),
        (1.0, value_off),
        (1.0, transposed),
        (0.0, nudge(-1, 0.05)),
    ],
)
def test_what_no_choice_explains_fails_still(objective, slope, after, dtype):
    impl = implementation(objective, slope, after or (lambda outputs, inputs: outputs))
    report = oracle.check(impl, objective, dtype, flags=["kink"])
    assert not choices(report) and kinked(objective) <= {result.id for result in report.failed}


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_row_without_a_kink_has_no_choice(dtype):
    """The difference that is right for one row of B, put into another."""
    (vector,) = (
        v for v in oracle.cases("laplace_ica_mle") if v.id == "laplace_ica_mle/kinks/one-point"
    )
    inputs = vector.arguments(dtype)
    right, chosen = (evaluate(Sloped(slope), "laplace_ica_mle", inputs) for slope in (0.0, 1.0))
    difference = chosen["grad_B"] - right["grad_B"]
    assert difference.any(axis=1).sum() == 1
    moved = {**right, "grad_B": right["grad_B"] + np.roll(difference, 1, axis=0)}
    ours = oracle.Convention()
    assert settle(judge(vector, chosen, dtype), dtype, ours).status == CHOICE
    assert settle(judge(vector, moved, dtype), dtype, ours).status == "failed"
    assert settle(judge(vector, right, dtype), dtype, ours).status == "passed"


def test_off_the_kinks_nothing_is_a_choice():
    report = oracle.check(implementation("laplace_ica_mle", 1.0, half), "laplace_ica_mle")
    assert not choices(report) and len(report.failed) == len(report.results)


def test_a_choice_beside_another_mistake_is_not_its_alibi():
    """Tails that break leave the kinked vectors a choice and the others wrong; the diagnosis is of the others alone."""

    def impl(**inputs):
        outputs = evaluate(Sloped(1.0), "laplace_ica_mle", inputs)
        broken = np.linalg.det(inputs["B"]) < 0 and not (inputs["x"] @ inputs["B"].T == 0).any()
        return {**outputs, "value": np.nan} if broken else outputs

    report = oracle.check(impl, "laplace_ica_mle")
    assert (
        not report.ok
        and choices(report) == kinked("laplace_ica_mle")
        and not choices(report) & {r.id for r in report.failed}
    )


def test_a_pattern_of_expected_failures_may_cover_a_choice():
    report = oracle.check(
        implementation("laplace_ica_mle", 1.0),
        "laplace_ica_mle",
        expected_failures={"*/kinks/*": "JAX's 1 at 0"},
    )
    assert report.ok and choices(report) == kinked("laplace_ica_mle")


def test_a_kink_without_weight_is_no_choice():
    """Far on the right side the weight of a point at its kink underflows to 0; a wrong gradient there is wrong, not an
    error of ours."""
    inputs = {
        "B": np.eye(2),
        "c": 2000.0,
        "x": np.array([[0.0, 1.0]]),
        "y": np.array([[2000.0, 1.0]]),
        "noise_mean": np.zeros(2),
        "noise_cov": np.eye(2),
    }
    objective = oracle.OBJECTIVES["laplace_ica_nce"]

    def wrong(**given):
        found = objective.evaluate(objective.right, given)
        return {**found, "grad_B": found["grad_B"] + 1.0}

    report = oracle.compare(wrong, "laplace_ica_nce", inputs)
    assert [result.status for result in report.results] == ["failed"]
    right = lambda **given: objective.evaluate(objective.right, given)  # noqa: E731
    assert not oracle.compare(right, "laplace_ica_nce", inputs).failed
