"""The mutation test of the vectors: every mistake of the catalogue is told from the truth, by two vectors at least, in
both dtypes, and from every other mistake.

What a mistake returns for a vector is computed once.
"""

from __future__ import annotations

import collections
import functools
import itertools
from types import SimpleNamespace

import numpy as np
import pytest

from nce_ref.oracle.authoring.kills import excess, is_killed, kills
from nce_ref.oracle.authoring.lint import KILLS_NOTHING
from nce_ref.oracle.mistakes import CATALOGUE, mistakes_at
from nce_ref.oracle.objectives import EVERY
from nce_ref.oracle.tolerance import DTYPES, allowance
from nce_ref.oracle.vectors import cases

pytestmark = pytest.mark.long

NAMES = [name for name, objective in EVERY.items() if objective.kind != "estimate"]
AT_LEAST = 2


@functools.cache
def outputs(id, name, dtype):
    """What a mistake returns, one dict a vector, under the names that the vectors have."""
    with np.errstate(all="ignore"):
        return [CATALOGUE[id].evaluate(name, vector.arguments(dtype)) for vector in cases(name)]


@functools.cache
def killed(name):
    """Vector id -> the mistakes that it tells from the truth in both dtypes, as ``kills`` has it."""
    found = {vector.id: [] for vector in cases(name)}
    for mistake in mistakes_at(name):
        in_each = [outputs(mistake.id, name, dtype) for dtype in DTYPES]
        for vector, *got in zip(cases(name), *in_each):
            if all(
                excess(vector.objective, vector.expected, one, dtype) > 1.0
                for one, dtype in zip(got, DTYPES)
            ):
                found[vector.id].append(mistake.id)
    return {id: tuple(ids) for id, ids in found.items()}


@pytest.mark.parametrize("name", NAMES)
def test_kills_is_asked_for_one_vector_alone_and_says_the_same(name):
    vectors = cases(name)
    for vector in vectors[:: max(1, len(vectors) // 2)]:
        assert kills(vector) == killed(name)[vector.id]


def survivors(name, kills_of):
    """The mistakes of an objective that fewer than two vectors kill."""
    counts = collections.Counter(mistake for found in kills_of.values() for mistake in found)
    return {
        key: counts[key]
        for key, mistake in CATALOGUE.items()
        if name in mistake.objectives and counts[key] < AT_LEAST
    }


@pytest.mark.parametrize("name", NAMES)
def test_every_mistake_is_killed_by_two_vectors_in_both_dtypes(name):
    assert survivors(name, killed(name)) == {}


@pytest.mark.parametrize("name", NAMES)
def test_every_vector_kills_a_mistake_or_says_why_it_exists(name):
    idle = [
        v.id
        for v in cases(name)
        if not killed(name)[v.id] and not v.comment.startswith(KILLS_NOTHING)
    ]
    assert idle == []


@pytest.mark.parametrize("name", NAMES)
def test_the_stored_kills_are_those_found(name):
    """A difference: run ``python -m nce_ref emit`` after the catalogue or the tolerance has changed."""
    assert {vector.id: vector.kills for vector in cases(name)} == killed(name)


# In float32 -ln(1 + e^-t) and ln(1/(1 + e^-t)) lose the same digits. In a ranking the constant of ln p_n cancels, by
# which a covariance that is not inverted differs from a precision that is taken for one.
_BY_A_CONSTANT = ("gauss-not-inverted", "precision-for-covariance", "laplace_ica_ranking_nce")
# Conditional NCE allows an absolute eps in its slopes, by which alone the two differ where nothing is exponentiated
# beyond its range.
_IN_SLOPES = {
    ("log1p-exp", "naive-log-sigmoid", name)
    for name in ("conditional_nce", "conditional_nce/masked")
}
ALIKE = {
    "float64": {_BY_A_CONSTANT, *_IN_SLOPES},
    "float32": {
        _BY_A_CONSTANT,
        *_IN_SLOPES,
        ("log-one-plus-exp", "naive-log-sigmoid", "log_sigmoid"),
    },
}


def allowances(name, dtype):
    """Of all outputs of all vectors, in one row."""
    rows = [
        allowance(EVERY[name], output, expected.scale, dtype)
        for vector in cases(name)
        for output, expected in vector.expected.items()
    ]
    return np.concatenate([np.ravel(row) for row in rows])


def in_one_row(id, name, dtype):
    """All outputs of a mistake for all vectors."""
    return np.concatenate(
        [
            np.ravel(np.asarray(got[output], dtype=np.float64))
            for vector, got in zip(cases(name), outputs(id, name, dtype))
            for output in vector.expected
        ]
    )


def are_alike(a, b, allowed):
    """Whether no entry is further off than is allowed; NaN differs from all numbers, not from NaN."""
    with np.errstate(invalid="ignore"):
        return ((np.abs(a - b) <= allowed) | (a == b) | (np.isnan(a) & np.isnan(b))).all()


@pytest.mark.parametrize("dtype", DTYPES)
def test_no_two_mistakes_are_equal(dtype):
    """At every objective that both can be made at, but for the pairs known."""
    alike = set()
    for name in NAMES:
        allowed = allowances(name, dtype)
        rows = {one.id: in_one_row(one.id, name, dtype) for one in mistakes_at(name)}
        for (one, a), (other, b) in itertools.combinations(rows.items(), 2):
            # Most are told apart by the first numbers.
            if are_alike(a[:32], b[:32], allowed[:32]) and are_alike(a, b, allowed):
                alike.add((*sorted((one, other)), name))
    assert alike == ALIKE[dtype]


def test_the_usual_unit_test_alone_lets_mistakes_survive():
    """Random logits at nu = 1 are what most people test with; the shared list counted 7 of 15 survivors there."""
    usual = {
        "nce_from_log_ratios/random/nu-1": killed("nce_from_log_ratios")[
            "nce_from_log_ratios/random/nu-1"
        ]
    }
    named = {"no-log-nu", "nu-sign", "noise-averaged"} & set(CATALOGUE)
    assert named and named.isdisjoint(*usual.values())


def mistake(evaluate):
    return SimpleNamespace(id="planted", objectives=("log_sigmoid",), evaluate=evaluate)


def test_a_right_answer_is_not_killed_and_a_nan_is():
    vector = cases("log_sigmoid")[0]
    right = {name: expected.value for name, expected in vector.expected.items()}
    for dtype in ("float32", "float64"):
        assert not is_killed(mistake(lambda name, inputs: right), vector, dtype)
        assert is_killed(
            mistake(lambda name, inputs: {**right, "grad": right["grad"] * np.nan}), vector, dtype
        )
        assert is_killed(
            mistake(lambda name, inputs: {"value": right["value"] - np.inf}), vector, dtype
        )


def test_a_mistake_within_float32s_allowance_is_not_called_killed():
    """Killed means in both dtypes: 1e-8 is beyond float64's allowance only."""
    vector = cases("log_sigmoid")[0]
    off = {"value": vector.expected["value"].value + 1e-8}
    assert (
        excess(vector.objective, vector.expected, off, "float64")
        > 1
        > excess(vector.objective, vector.expected, off, "float32")
    )
    assert survivors("log_sigmoid", {vector.id: ()}).keys() == {
        key for key, m in CATALOGUE.items() if "log_sigmoid" in m.objectives
    }
