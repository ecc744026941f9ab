"""``oracle.search``: finds what is wrong without stored vectors, shrinks it, says nothing of right forms, is
reproducible."""

from __future__ import annotations

import json

import numpy as np
import pytest

from nce_ref import oracle
from nce_ref.oracle import draw as drawing
from nce_ref.oracle.mistakes import CATALOGUE
from nce_ref.oracle.objectives import OBJECTIVES
from nce_ref.oracle.shrink import shrink, smaller

FUNCTIONS = [name for name, objective in OBJECTIVES.items() if objective.kind == "function"]


def right(name):
    objective = OBJECTIVES[name]
    return lambda **inputs: objective.evaluate(objective.right, inputs)


def wrong(mistake, name):
    return lambda **inputs: CATALOGUE[mistake].evaluate(name, inputs)


def rng(seed=20261201):
    return np.random.default_rng(seed)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_it_says_nothing_of_right_forms(name, dtype):
    found = oracle.search(right(name), name, n_draws=12, rng=rng(), dtype=dtype)
    assert found.ok, str(found)
    assert (found.n_drawn, found.n_judged, found.smallest, found.test) == (12, 12, None, None)
    assert str(found).startswith("nothing found: ")


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_mistake_at_every_objective_is_found(name):
    place = OBJECTIVES[name]
    mistakes = [m for m in CATALOGUE.values() if place in m.places and not m.choice]
    mistake = next(m for m in mistakes if not m.arithmetic)
    found = oracle.search(wrong(mistake.id, name), name, n_draws=60, rng=rng())
    assert not found.ok
    assert found.report.diagnosis.best is not None, str(found)
    assert found.n_failed >= 1


def test_what_fails_is_shrunk_and_can_be_kept():
    found = oracle.search(wrong("no-log-nu", "binary_nce"), "binary_nce", n_draws=100, rng=rng())
    inputs = found.test["inputs"]
    # nu = 1 hides it: two points of one sample and one of the other are the fewest, and zeros will do.
    assert sorted([len(inputs["log_model_data"]), len(inputs["log_model_noise"])]) == [1, 2]
    assert {abs(v) for name, value in inputs.items() if name != "nu" for v in value} <= {0.0, 1.0}
    assert found.report.diagnosis.best.id == "no-log-nu"
    text = str(found)
    kept = json.loads(text[text.index("{") : text.rindex("}") + 1])
    assert kept == found.test
    assert "): no-log-nu: " in text
    again = oracle.compare(wrong("no-log-nu", "binary_nce"), "binary_nce", kept["inputs"])
    assert again.failed
    assert not oracle.compare(right("binary_nce"), "binary_nce", kept["inputs"]).failed


def test_with_n_draws_it_is_reproducible():
    one, other = (
        oracle.search(wrong("no-log-nu", "binary_nce"), "binary_nce", n_draws=50, rng=rng(3))
        for _ in range(2)
    )
    assert str(one) == str(other)
    assert one.test == other.test


def test_only_tails_tell_a_tail():
    """A plant of our own: log(sigmoid) written out, right up to rounding near 0."""

    def naive(t):
        with np.errstate(all="ignore"):
            h = 1.0 / (1.0 + np.exp(-t))
            return {"value": np.log(h), "grad": 1.0 - h}

    found = oracle.search(naive, "log_sigmoid", n_draws=100, rng=rng())
    assert not found.ok
    assert len(found.test["inputs"]["t"]) == 1


def test_conventions_and_exceptions():
    loss = lambda **inputs: {k: -v for k, v in right("binary_nce")(**inputs).items()}  # noqa: E731
    declared = oracle.Convention(sense="minimise")
    assert oracle.search(loss, "binary_nce", n_draws=10, rng=rng(), convention=declared).ok
    assert not oracle.search(loss, "binary_nce", n_draws=10, rng=rng()).ok

    def raises(**inputs):
        raise RuntimeError("no such kernel")

    found = oracle.search(raises, "log_sigmoid", n_draws=10, rng=rng())
    assert "raised RuntimeError: no such kernel" in str(found)
    assert found.test["inputs"] == {"t": [0.0]}
    nothing = oracle.search(lambda **inputs: None, "log_sigmoid", n_draws=10, rng=rng())
    assert not nothing.ok
    assert str(nothing).startswith("NOTHING JUDGED")


def test_the_clock_ends_it():
    assert oracle.search(right("log_sigmoid"), "log_sigmoid", 0.05, rng=rng()).n_drawn >= 1


@pytest.mark.parametrize("name", [n for n, o in OBJECTIVES.items() if o.kind != "function"])
def test_other_kinds_are_refused_by_name(name):
    with pytest.raises(ValueError, match=f"objective: got '{name}'"):
        oracle.search(print, name, n_draws=1, rng=rng())


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"rng": 3}, "rng: got 3; expected a numpy.random.Generator"),
        ({"n_draws": 0}, "n_draws: got 0"),
        ({"n_draws": 1.5}, "n_draws: got 1.5"),
        ({"seconds": -1.0}, "seconds: got -1.0"),
        ({"dtype": "half"}, "dtype: got 'half'"),
        ({"convention": "loss"}, "convention: got 'loss'"),
    ],
)
def test_what_it_refuses(change, said):
    with pytest.raises(ValueError, match=said):
        oracle.search(
            right("log_sigmoid"), "log_sigmoid", **({"n_draws": 1, "rng": rng()} | change)
        )


@pytest.mark.parametrize("name", FUNCTIONS)
def test_draws_reach_what_vectors_probe(name):
    """Over 200 draws: every size of a sample up to the largest, and tails on both sides where there is a
    log-sigmoid."""
    objective, generator = OBJECTIVES[name], rng()
    drawn = [drawing.draw(objective, generator) for _ in range(200)]
    assert not any(drawing.is_refused(objective, inputs) for inputs in drawn)
    t = [
        np.concatenate([t.ravel() for t in objective.log_sigmoids(i)] or [np.empty(0)])
        for i in drawn
    ]
    if any(part.size for part in t):
        every = np.concatenate(t)
        assert every.min() < -100
        assert every.max() > 100
        assert ((every > -36) & (every < -20)).sum() >= 5
    axes = {axis for shape in objective.arguments.values() for axis in shape}
    assert all(len({objective.sizes(i)[axis] for i in drawn}) >= 3 for axis in axes)


def test_shrinking_stops_where_nothing_smaller_fails():
    target = OBJECTIVES["log_sigmoid"]
    start = {"t": np.array([3.7, -55.25, 0.5, 8.0])}
    small, tried = shrink(target, start, lambda i: bool((i["t"] <= -37.0).any()), 400)
    assert small["t"].tolist() == [-64.0]
    assert tried < 100
    assert not any((candidate["t"] <= -37.0).any() for candidate in smaller(target, small))
    kept, tried = shrink(target, start, lambda i: True, 0)
    assert tried == 0
    assert kept["t"].tolist() == start["t"].tolist()
