"""The mutation test of the vectors: every mistake of the catalogue is told from the truth, by two vectors at least, in
both dtypes."""

from __future__ import annotations

import collections
import functools
from types import SimpleNamespace

import numpy as np
import pytest

from nce_ref.oracle.authoring.kills import excess, is_killed, kills
from nce_ref.oracle.authoring.lint import KILLS_NOTHING
from nce_ref.oracle.mistakes import CATALOGUE
from nce_ref.oracle.objectives import EVERY
from nce_ref.oracle.vectors import cases

NAMES = [name for name, objective in EVERY.items() if objective.kind != "estimate"]
AT_LEAST = 2


@functools.cache
def killed(name):
    """Vector id -> the mistakes that it tells from the truth, computed anew."""
    return {vector.id: kills(vector) for vector in cases(name)}


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
