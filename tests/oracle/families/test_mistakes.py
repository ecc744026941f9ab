"""The catalogue: every mistake is told from the truth and from every other by stored vectors, and does to an estimate
what it says.

That every mistake is killed often enough, in both dtypes, is the mutation test of the vectors.
"""

from __future__ import annotations

import functools
import itertools
import re

import numpy as np
import pytest
from scipy.optimize import brentq

from nce_ref.oracle import tolerance, vectors
from nce_ref.oracle.mistakes import CATALOGUE, GROUPS
from nce_ref.oracle.objectives import EVERY
from tests.oracle.steps import Steps, evaluate

# The ids of the shared list that an objective's numbers can show.
LISTED = """no-log-nu nu-sign noise-averaged gauss-no-2pi gauss-no-logdet cholesky-side std-for-variance c-sign
    no-log-pn-noise no-log-pn-data no-log-pn-everywhere noise-sign labels-swapped
    laplace-scale no-logdet-B log-det-negative naive-log-sigmoid eps-in-log
    clip-prob mean-of-means c-fixed kink-convention""".split()


def test_ids():
    assert sum(len(group) for _, group in GROUPS) == len(CATALOGUE)
    for id, mistake in CATALOGUE.items():
        assert id == mistake.id
        assert re.fullmatch(r"[a-z0-9]+(-[a-zA-Z0-9]+)*", id)
    assert set(LISTED) <= set(CATALOGUE)
    assert [id for id, mistake in CATALOGUE.items() if mistake.choice] == [
        "kink-convention",
        "mlp-relu-kink",
    ]


def test_texts():
    """No two titles or fixes alike, none empty, no line of its own; a title ends without a stop, an effect with one."""
    for mistake in CATALOGUE.values():
        for text in (mistake.title, mistake.effect, mistake.fix, mistake.seen):
            assert text and text == text.strip() and "\n" not in text, mistake.id
        assert not mistake.title.endswith(".") and mistake.effect.endswith("."), mistake.id
    assert len({mistake.title for mistake in CATALOGUE.values()}) == len(CATALOGUE)


def test_objectives_are_functions_or_the_covariance_and_named_once():
    for mistake in CATALOGUE.values():
        assert mistake.objectives and len(set(mistake.objectives)) == len(mistake.objectives), (
            mistake.id
        )
        assert {EVERY[name].kind for name in mistake.objectives} in (
            {"function"},
            {"covariance"},
        ), mistake.id


# --- against the stored vectors
# -----------------------------------------------------------------------------------------------


@functools.lru_cache(maxsize=64)
def cases(objective):
    return vectors.cases(objective)


@functools.lru_cache(maxsize=64)
def allowances(objective, dtype):
    """Of all outputs of all vectors, in one row."""
    rows = [
        tolerance.allowance(EVERY[objective], name, expected.scale, dtype)
        for vector in cases(objective)
        for name, expected in vector.expected.items()
    ]
    return np.concatenate([np.ravel(row) for row in rows])


@functools.lru_cache(maxsize=4096)
def answers(id, objective, dtype):
    """All outputs for all vectors, in one row."""
    place = EVERY[objective]
    evaluate_it = (
        CATALOGUE[id].evaluate if id else lambda name, given: place.evaluate(place.right, given)
    )
    parts = []
    for vector in cases(objective):
        got = evaluate_it(objective, vector.arguments(dtype))
        parts += [np.ravel(np.asarray(got[name], dtype=np.float64)) for name in vector.expected]
    return np.concatenate(parts)


def differ(one, other, objective, dtype):
    """Whether some entry is further off than is allowed; NaN differs from all numbers, not from NaN."""
    a, b = answers(one, objective, dtype), answers(other, objective, dtype)
    with np.errstate(invalid="ignore"):
        near = (
            (np.abs(a - b) <= allowances(objective, dtype)) | (a == b) | (np.isnan(a) & np.isnan(b))
        )
    return not near.all()


PLACES = [(id, objective) for id, mistake in CATALOGUE.items() for objective in mistake.objectives]


@pytest.mark.parametrize("dtype", tolerance.DTYPES)
@pytest.mark.parametrize(
    "objective", [name for name, objective in EVERY.items() if objective.kind != "estimate"]
)
def test_the_right_steps_pass_every_vector(objective, dtype):
    want = np.concatenate(
        [
            np.ravel(expected.value)
            for vector in cases(objective)
            for expected in vector.expected.values()
        ]
    )
    assert (np.abs(answers("", objective, dtype) - want) <= allowances(objective, dtype)).all()


@pytest.mark.parametrize("dtype", tolerance.DTYPES)
@pytest.mark.parametrize(("id", "objective"), PLACES)
def test_a_mistake_differs_from_the_truth_wherever_it_can_be_made(id, objective, dtype):
    assert differ(id, "", objective, dtype)


# In float32 -ln(1 + e^-t) and ln(1/(1 + e^-t)) lose the same digits. In a ranking the constant of ln p_n cancels, by
# which a covariance that is not inverted differs from a precision that is taken for one.
_BY_A_CONSTANT = ("gauss-not-inverted", "precision-for-covariance", "laplace_ica_ranking_nce")
ALIKE = {
    "float64": {_BY_A_CONSTANT},
    "float32": {_BY_A_CONSTANT, ("log-one-plus-exp", "naive-log-sigmoid", "log_sigmoid")},
}


@pytest.mark.parametrize("dtype", tolerance.DTYPES)
def test_no_two_mistakes_are_equal(dtype):
    """At every objective that both can be made at, but for the pairs known."""
    common = {
        (one, other, objective)
        for one, other in itertools.combinations(CATALOGUE, 2)
        for objective in set(CATALOGUE[one].objectives) & set(CATALOGUE[other].objectives)
    }
    alike = {(*sorted(pair[:2]), pair[2]) for pair in common if not differ(*pair, dtype)}
    assert alike == ALIKE[dtype]


# --- what the texts say about an estimate
# -------------------------------------------------------------------------------------

# A sample on three states, with so many data and noise points in each: the maximum over *all* functions is known state
# by state.
DATA, NOISE = np.array([3, 2, 5]), np.array([10, 4, 11])
NU = 2.5
LOG_DATA, LOG_NOISE = np.log(DATA / 10), np.log(NOISE / 25)


def slopes(id, log_model):
    """dJ/dln p_m of each state, data and noise together."""
    at_data, at_noise = np.repeat(np.arange(3), DATA), np.repeat(np.arange(3), NOISE)
    inputs = {
        "log_model_data": log_model[at_data],
        "log_model_noise": log_model[at_noise],
        "log_noise_data": LOG_NOISE[at_data],
        "log_noise_noise": LOG_NOISE[at_noise],
        "nu": NU,
    }
    got = CATALOGUE[id].evaluate("binary_nce", inputs)
    grad = np.append(got["grad_log_model_data"], got["grad_log_model_noise"])
    return np.bincount(np.append(at_data, at_noise), weights=grad)


OPTIMA = {
    "no-log-nu": LOG_DATA - np.log(NU),
    "nu-sign": LOG_DATA - 2 * np.log(NU),
    "noise-averaged": LOG_DATA + np.log(NU),
    "mean-of-means": LOG_DATA,
    "noise-weighted-twice": LOG_DATA - np.log(NU),
    "nu-inverted": LOG_DATA,
    "nu-not-logged": LOG_DATA + NU - np.log(NU),
    "nu-log2": LOG_DATA + (1 / np.log(2) - 1) * np.log(NU),
    "nu-log10": LOG_DATA + (1 / np.log(10) - 1) * np.log(NU),
    "nu-integer": LOG_DATA + np.log(2 / NU),
    "nu-integer-at-least-1": LOG_DATA + np.log(2 / NU),
    "divided-by-n-noise": LOG_DATA,
    "log2-loss": LOG_DATA,
    "labels-swapped": 2 * LOG_NOISE - LOG_DATA + 2 * np.log(NU),
    "samples-swapped": 2 * LOG_NOISE - LOG_DATA,
    "ratio-swapped": 2 * LOG_NOISE - LOG_DATA,
    "no-log-pn-everywhere": LOG_DATA - LOG_NOISE,
    "log-pn-added": LOG_DATA - 2 * LOG_NOISE,
}
NO_CONSTANT_SHIFT = [
    id
    for id, mistake in CATALOGUE.items()
    if "No constant shift" in mistake.effect and "binary_nce" in mistake.objectives
]


@pytest.mark.parametrize("id", OPTIMA)
def test_the_optimum_is_where_the_text_has_it(id):
    """The slopes at the true ln p_d are some 0.1; their rounding is below 1e-15."""
    assert np.abs(slopes(id, OPTIMA[id])).max() < 1e-15
    assert np.abs(slopes(id, OPTIMA[id] + 0.01)).max() > 1e-4


def left_over(id):
    """The largest slope where c has found its place: the sum over states is 0."""
    shift = brentq(lambda shift: slopes(id, LOG_DATA + shift).sum(), -20, 20, xtol=1e-14)
    return np.abs(slopes(id, LOG_DATA + shift)).max()


@pytest.mark.parametrize("id", NO_CONSTANT_SHIFT)
def test_no_constant_shift(id):
    assert left_over(id) > 1e-3


def test_a_constant_shift_is_seen_as_one():
    """The same for those that have one: rounding remains."""
    assert (
        max(left_over(id) for id in ("no-log-nu", "nu-sign", "noise-averaged", "nu-log2")) < 1e-13
    )


HALF_2PI = 0.5 * np.log(2 * np.pi)
DELTAS = {  # of ln p_n, at n = 2 and with l = ln det cov
    "gauss-no-2pi": lambda l: 2 * HALF_2PI,
    "gauss-2pi-once": lambda l: HALF_2PI,
    "gauss-2pi-not-halved": lambda l: -2 * HALF_2PI,
    "gauss-no-logdet": lambda l: l / 2,
    "gauss-logdet-not-halved": lambda l: -l / 2,
    "gauss-logdet-of-factor": lambda l: l / 4,
    "gauss-logdet-sign": lambda l: l,
    "gauss-unnormalised": lambda l: l / 2 + 2 * HALF_2PI,
}


def test_every_constant_error_of_the_noise_has_its_delta():
    said = {id for id, mistake in CATALOGUE.items() if "c is off by delta" in mistake.effect}
    assert said == set(DELTAS)


@pytest.mark.parametrize("id", DELTAS)
def test_a_constant_error_of_the_noise_moves_c_by_delta(id):
    """J(c + delta) of the mistake is J(c) of the truth, in the sample, whatever B is; in float64 to its rounding."""
    rng = np.random.default_rng(3)
    cov = np.array([[3.0, 1.0], [1.0, 2.0]])
    inputs = {
        "B": rng.standard_normal((2, 2)),
        "x": rng.standard_normal((4, 2)),
        "y": rng.standard_normal((10, 2)),
    }
    inputs |= {"noise_mean": np.array([0.5, -1.0]), "noise_cov": cov}
    delta = DELTAS[id](np.log(np.linalg.det(cov)))
    got = CATALOGUE[id].evaluate("laplace_ica_nce", {**inputs, "c": -0.3 + delta})
    want = evaluate(Steps(), "laplace_ica_nce", {**inputs, "c": -0.3})
    assert got["value"] == pytest.approx(want["value"], rel=1e-13)
    np.testing.assert_allclose(got["grad_B"], want["grad_B"], rtol=1e-12, atol=1e-13)


SCALED = {"laplace-scale": np.sqrt(2), "laplace-scale-inverted": 2.0, "mean-over-dimensions": 3.0}


@pytest.mark.parametrize("id", SCALED)
def test_a_wrong_scale_of_the_model_is_taken_up_by_B_alone(id):
    rng = np.random.default_rng(4)
    B, u = rng.standard_normal((3, 3)), rng.standard_normal((6, 3))
    got = CATALOGUE[id].evaluate(
        "laplace_ica_log_density", {"B": SCALED[id] * B, "c": 0.25, "u": u}
    )
    np.testing.assert_allclose(
        got["value"],
        evaluate(Steps(), "laplace_ica_log_density", {"B": B, "c": 0.25, "u": u})["value"],
        rtol=1e-13,
    )
