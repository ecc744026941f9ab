"""Layouts of the noise: right losses pass in each, the definition is witnessed twice, and what the issue's table asks
is there."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal

import numpy as np
import pytest

from nce_ref import oracle
from nce_ref.oracle import objectives
from nce_ref.oracle.check import check
from nce_ref.oracle.families.base import laid_over
from nce_ref.oracle.mistakes import CATALOGUE, mistakes_at
from nce_ref.oracle.numbers.spelling import each, spell
from nce_ref.oracle.objectives import EVERY, OBJECTIVES, find_objective
from nce_ref.oracle.tolerance import DTYPES
from nce_ref.oracle.vectors import cases, find, objective_in
from tests.oracle.families.nce.right_layouts import KNOWN

RATIOS, BINARY = "nce_from_log_ratios", "binary_nce"
TABLE = {
    RATIOS: ["equal", "rows", "masked", "shared"],
    BINARY: ["equal", "rows", "masked", "shared"],
}
TABLE |= {"laplace_ica_nce": ["rows"], "gaussian_nce": ["rows"]}
# Of this family: the others' are tested beside them.
LAYOUTS = {name: o for name, o in objectives.LAYOUTS.items() if o.base in TABLE}
MASKED = [f"{RATIOS}/masked", f"{BINARY}/masked"]


def test_there_are_the_layouts_of_the_table():
    assert {name: [o.layout for o in LAYOUTS.values() if o.base == name] for name in TABLE} == TABLE
    assert sum(map(len, TABLE.values())) == len(LAYOUTS)
    assert set(EVERY) == {*OBJECTIVES, *objectives.LAYOUTS}
    assert not set(OBJECTIVES) & set(objectives.LAYOUTS)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("name", "form"), KNOWN, ids=lambda word: word)
def test_right_losses_pass(name, form, dtype):
    base, layout = name.split("/")
    with np.errstate(all="ignore"):
        report = check(KNOWN[name, form], base, dtype, layout=layout)
    assert not report.failed, str(report)
    assert report.objective is LAYOUTS[name]


@pytest.mark.parametrize("name", LAYOUTS)
def test_there_are_twenty_vectors_tails_among_them(name):
    vectors = cases(name)
    assert len(vectors) >= 20
    flags = Counter(flag for vector in vectors for flag in vector.flags)
    assert flags["tails-800"] >= 1 and flags["tails"] >= 4 and flags["separated"] >= 1
    assert all(vector.id.startswith(f"{name}/") for vector in vectors)
    both = [
        vector
        for vector in vectors
        if all(
            (t < -20).any() and (t > -37.5).all()
            for t in vector.objective.log_sigmoids(vector.inputs)
        )
    ]
    assert len(both) >= 1 or name not in TABLE[BINARY], "both sides between -37 and -20"


@pytest.mark.parametrize("name", LAYOUTS)
def test_every_mistake_is_killed_twice(name):
    killed = Counter(mistake for vector in cases(name) for mistake in vector.kills)
    assert [m.id for m in mistakes_at(name) if killed[m.id] < 2] == []


NOT_MADE = {"broadcast-pairs", "broadcast-summed", "densities-not-logs"}
# At nu = 1 another mistake says the same.
SAME_AT_ONE = {
    "negative-sampling": "no-log-pn-everywhere",
    "samples-swapped": "labels-swapped",
    "ratio-swapped": "labels-swapped",
    "temperature-logits": "temperature",
    "logits-standardised": "ratios-standardised",
    "penalty-logits": "penalty-logits-means",
}
TWICE_AT_ONE = {
    "penalty-logits": 0.02
}  # its number where the other has 0.01: one mean of both samples, or two


@pytest.mark.parametrize("name", LAYOUTS)
def test_what_is_no_mistake_there_is_right(name):
    """The exceptions hold nothing that the vectors could tell from the truth, but for what cannot be written there."""
    objective = LAYOUTS[name]
    assert set(objective.right_there) <= set(CATALOGUE)
    for id in set(objective.right_there) - NOT_MADE:
        steps = laid_over(CATALOGUE[id].with_value(TWICE_AT_ONE.get(id)), objective.right)
        same = objective.right
        if id in SAME_AT_ONE and objective.layout == "equal":
            same = laid_over(CATALOGUE[SAME_AT_ONE[id]].steps, objective.right)
        elif id == "first-row-of-log-pn":
            assert objective.layout == "shared"  # all rows share their noise, hence their ln p_n
            if objective.base == RATIOS:
                continue
        elif objective.layout == "masked":
            continue  # flat steps cannot be laid over rows of their own nu
        for vector in cases(name)[::2]:
            found, want = (objective.evaluate(s, vector.arguments()) for s in (steps, same))
            assert all(np.allclose(found[o], want[o], rtol=1e-12, atol=1e-300) for o in want), id


# --- the table's rows -----------------------------------------------------------------------------


def plainly(d, n, mask, weights, nu):
    """The table's formula, by loops."""
    total = 0.0
    for i in range(len(d)):
        inner = -np.logaddexp(0, np.log(nu[i]) - d[i])
        for j in range(n.shape[1]):
            inner += -np.logaddexp(0, n[i, j] - np.log(nu[i])) if mask[i, j] else 0.0
        total += weights[i] * inner
    return total / weights.sum()


@pytest.mark.parametrize("name", [n for n in LAYOUTS if n.split("/")[0] in (RATIOS, BINARY)])
def test_the_stored_values_are_the_tables(name):
    objective = LAYOUTS[name]
    for vector in cases(name):
        given = vector.arguments()
        if "log_model_data" in given:
            with np.errstate(invalid="ignore"):
                given["log_ratio_data"] = given["log_model_data"] - given["log_noise_data"]
                given["log_ratio_noise"] = given["log_model_noise"] - given["log_noise_noise"]
        d, n = (
            given["log_ratio_data"],
            given["log_ratio_noise"].reshape(len(given["log_ratio_data"]), -1),
        )
        ones = np.ones(len(d))
        mask, weights, nu = (
            given.get("mask", np.ones_like(n)),
            given.get("weights", ones),
            given["nu"] * ones,
        )
        if objective.layout in ("rows", "shared"):
            assert given["nu"] == n.shape[1]
        if objective.layout == "equal":
            assert given["nu"] == 1.0 and given["log_ratio_noise"].shape == d.shape
        want = vector.expected["value"].value
        assert plainly(d, n, mask, weights, nu) == pytest.approx(want, rel=1e-11), vector.id


@pytest.mark.parametrize("name", MASKED)
def test_masked_vectors_are_as_the_table_has_them(name):
    vectors = cases(name)
    differ = [v for v in vectors if "nu-not-counted" in v.flags]
    assert len(differ) >= len(vectors) / 2
    (noise,) = (o.name for o in LAYOUTS[name].outputs if o.name.endswith("_noise"))
    for vector in vectors:
        assert (vector.expected[noise].value[vector.inputs["mask"] == 0] == 0).all()
    padding = [v for v in vectors if v.id.split("/")[2] == "padding"]
    hidden = np.concatenate(
        [v.inputs[a][v.inputs["mask"] == 0] for v in padding for a in LAYOUTS[name].masks]
    )
    assert {np.inf, -np.inf, float(np.float32(1e30))} <= set(hidden)


@pytest.mark.parametrize("name", MASKED)
def test_slopes_are_those_of_the_value(name):
    """Finite differences of the exact values; with any numbers where the mask is 0."""
    objective, rng = LAYOUTS[name], np.random.default_rng(0)
    n, k = 3, 4
    inputs = {
        a: rng.normal(size=[{"n_data": n, "k": k}[x] for x in s])
        for a, s in objective.arguments.items()
    }
    inputs["mask"] = (rng.random((n, k)) < 0.6).astype(float)
    inputs["weights"], inputs["nu"] = rng.uniform(0.5, 2, n), rng.uniform(0.5, 5, n)
    found = oracle.truth(name, **inputs)
    for output in objective.outputs[1:]:
        for index in np.ndindex(found[output.name].shape):
            ends = []
            for sign in (1, -1):
                moved = inputs[output.derivative_of].copy()
                moved[index] += sign * 1e-5
                ends.append(
                    float(oracle.truth(name, **{**inputs, output.derivative_of: moved})["value"])
                )
            assert (ends[0] - ends[1]) / 2e-5 == pytest.approx(found[output.name][index], abs=1e-9)
    other = {a: np.where(inputs["mask"] == 0, np.inf, inputs[a]) for a in objective.masks}
    again = oracle.truth(name, **{**inputs, **other})
    assert all(np.array_equal(again[o], found[o]) for o in found)


@pytest.mark.parametrize("name", [n for n in LAYOUTS if "ica" not in n and "gaussian" not in n])
def test_the_fast_decimals_are_the_exact_ones(name):
    objective = LAYOUTS[name]
    for vector in cases(name)[3::4]:
        fast = objective.many(**vector.inputs, digits=30)
        for output, expected in vector.expected.items():
            got, want = (
                np.array(value, dtype=object).ravel() for value in (fast[output], expected.decimal)
            )
            for g, w in zip(got, map(Decimal, want)):
                assert abs(g - w) <= abs(w) * Decimal("1e-33"), (vector.id, output)


@pytest.mark.parametrize("name", LAYOUTS)
def test_the_stored_decimals_are_computed_anew(name):
    objective = LAYOUTS[name]
    for vector in cases(name)[1::4]:
        made, _ = objective.made(vector.inputs, {})
        for output, expected in vector.expected.items():
            assert each(spell, made[output]) == expected.decimal, (vector.id, output)


# --- asked for ------------------------------------------------------------------------------------


def test_an_unknown_layout_lists_what_there_is():
    with pytest.raises(
        ValueError, match="layout: got 'masked' for laplace_ica_nce; expected one of flat, rows"
    ):
        find_objective("laplace_ica_nce", "masked")
    with pytest.raises(
        ValueError,
        match=r"layout: got 'rows' for log_sigmoid; expected flat\. Layouts there are: nce_from",
    ):
        oracle.check(lambda t: t, "log_sigmoid", layout="rows")
    with pytest.raises(ValueError, match="layout: got 'shared' for binary_nce/rows"):
        oracle.truth("binary_nce/rows", layout="shared")
    assert find_objective("binary_nce/rows") is find_objective("binary_nce", "rows")
    assert find_objective("binary_nce/rows", "rows") is find_objective("binary_nce", "rows")


def test_ids_tell_layouts_from_groups():
    """There is a group "equal" among the flat vectors."""
    assert objective_in("binary_nce/equal/logits") == "binary_nce"
    assert find("binary_nce/equal/logits").objective.layout == "flat"
    assert objective_in("binary_nce/equal/smoke/all-zero") == "binary_nce/equal"
    assert find("binary_nce/rows/smoke/ln-nu").objective is LAYOUTS["binary_nce/rows"]


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"mask": np.array([[0.5, 1.0]])}, "mask: a number 0.5; expected 0 and 1"),
        ({"weights": np.array([-1.0])}, "weights"),
        ({"weights": np.array([0.0])}, "weights"),
        ({"nu": np.array([0.0])}, "nu"),
        (
            {"log_ratio_noise": np.array([[np.inf, 0.0]])},
            r"inf at \(0, 0\); expected finite numbers where mask is 1",
        ),
        ({"log_ratio_data": np.array([np.inf])}, "expected finite numbers"),
        ({"mask": np.ones((1, 3))}, "mask: got shape"),
    ],
)
def test_masks_are_refused(change, complaint):
    inputs = {
        "log_ratio_data": np.zeros(1),
        "log_ratio_noise": np.zeros((1, 2)),
        "mask": np.array([[1.0, 0.0]]),
        "weights": np.ones(1),
        "nu": np.array([2.0]),
    }
    assert oracle.truth(RATIOS, layout="masked", **inputs)["value"] < 0
    with pytest.raises(ValueError, match=complaint):
        oracle.truth(RATIOS, layout="masked", **(inputs | change))


def test_nu_of_rows_is_their_length():
    with pytest.raises(ValueError, match=r"nu 2\.0; expected nu = k = 3"):
        oracle.truth(
            RATIOS,
            layout="rows",
            log_ratio_data=np.zeros(2),
            log_ratio_noise=np.zeros((2, 3)),
            nu=2.0,
        )


def test_a_loss_of_rows_need_not_take_nu():
    """It is the number of columns."""
    right = KNOWN[f"{BINARY}/rows", "summed_columns"]

    def loss(log_model_data, log_model_noise, log_noise_data, log_noise_noise):
        given = log_model_data, log_model_noise, log_noise_data, log_noise_noise
        return right(*given, nu=log_model_noise.shape[1])

    for layout in ("rows", "shared"):
        report = check(loss, BINARY, layout=layout)
        assert report.ok and report.name.endswith("loss"), str(report)
    assert not check(loss, BINARY).ok


def test_own_batches_and_search():
    right = KNOWN[f"{BINARY}/masked", "where_twice"]
    wrong = KNOWN[f"{BINARY}/rows", "summed_columns"]
    rng = np.random.default_rng(1)
    found = oracle.search(right, BINARY, n_draws=40, rng=rng, layout="masked")
    assert found.n_failed == 0, str(found)

    def ignoring(mask, **rest):
        with np.errstate(invalid="ignore"):
            return right(mask=np.ones_like(mask), **rest)

    found = oracle.search(ignoring, BINARY, n_draws=40, rng=rng, layout="masked")
    assert found.n_failed and found.report.diagnosis.best.id == "noise-mask-ignored"
    inputs = {
        a: rng.normal(size=[{"n_data": 3, "k": 2}[x] for x in s])
        for a, s in LAYOUTS[f"{BINARY}/rows"].arguments.items()
    }
    inputs["nu"] = 2.0
    assert not oracle.compare(wrong, BINARY, inputs, layout="rows").failed


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", LAYOUTS)
def test_most_mistakes_are_named_in_their_layout(name, dtype):
    """Planted one by one: what is named is the mistake or one whose outputs are the same on all vectors."""
    objective, unnamed, wrong = LAYOUTS[name], [], []
    for mistake in mistakes_at(name)[:: 9 if objective.base in (RATIOS, BINARY) else 25]:

        def impl(mistake=mistake, **inputs):
            return mistake.evaluate(name, inputs)

        best = check(impl, name, dtype).diagnosis.best
        if best is None:
            unnamed.append(mistake.id)
        elif best.id != mistake.id:
            wrong.append((mistake.id, best.id))
    assert not unnamed
    for planted, named in wrong:
        same = [
            vector.id
            for vector in cases(name)
            if planted in vector.kills and named in CATALOGUE and named not in vector.kills
        ]
        assert not same, (planted, named)
