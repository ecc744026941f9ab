"""Class NCE, negative sampling, sampled softmax: right forms, values by hand, the definition, optima, slips named."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from scipy.optimize import minimize

from nce_ref import oracle
from nce_ref.oracle.families.sampled import exact
from nce_ref.oracle.families.sampled.objectives import FAMILY
from nce_ref.oracle.families.sampled.relatives import of
from nce_ref.oracle.mistakes import find_mistake
from nce_ref.oracle.objectives import EVERY
from tests.oracle.families.plain_decimals import check, mean, row_loss, softplus
from tests.oracle.families.sampled.right_sampled import BASE, FORMS

NAMES = [objective.name for objective in (*FAMILY.objectives, *FAMILY.layouts)]
LAYOUTS = ("flat", "shared", "masked")


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize(("name", "form"), FORMS, ids=[form.__name__ for _, form in FORMS])
def test_right_forms_pass(name, form, layout, dtype):
    # In class NCE a row without negatives has ln 0, and passes as it should: a loss of 0.
    with np.errstate(over="ignore", divide="ignore"):
        report = oracle.check(form, name, dtype=dtype, layout=layout)
    assert report.ok, str(report)


# --- the numbers ------------------------------------------------------------------------------------------------------


def definition(name):
    """L as it stands, of nested lists of Decimals."""

    def loss(
        hidden, class_vectors, biases, targets, negatives, noise_probabilities=None, mask=None
    ):
        losses = []
        for i, (h, y) in enumerate(zip(hidden, targets)):
            row = negatives[i] if isinstance(negatives[0], list) else negatives
            drawn = [j for k, j in enumerate(row) if mask is None or mask[i][k] == 1]
            k = len(drawn)

            def t(c, h=h, k=k):
                s = sum(p * q for p, q in zip(h, class_vectors[int(c)])) + biases[int(c)]
                if name == "negative_sampling":
                    return s
                q = noise_probabilities[int(c)]
                return s - ((k * q).ln() if name == "class_nce" else q.ln())

            if name == "sampled_softmax":
                losses.append(row_loss(t(y), [t(j) for j in drawn]))
            elif name == "class_nce" and not k:
                losses.append(0)
            else:
                losses.append(softplus(-t(y)) + sum(softplus(t(j)) for j in drawn))
        return mean(losses)

    return loss


FEW = ("random/4x3", "random/one-row", "random/5x1", "ties/all-hits", "ties/identical-classes")
SOME = [
    vector
    for name in NAMES
    for vector in oracle.cases(name)
    if vector.id.removeprefix(f"{name}/").startswith((*FEW, "masks/rows", "tails/aligned"))
]


@pytest.mark.parametrize("vector", SOME, ids=lambda vector: vector.id)
def test_the_decimals_are_the_definition_and_its_differences(vector):
    base = vector.objective.base
    check(definition(base), vector, getattr(exact, base))


def test_values_by_hand():
    ln, e = math.log, math.e
    hand = {
        "class_nce/smoke/no-scores": ln(4.5),
        "class_nce/smoke/a-hit": ln(4.5),
        "class_nce/smoke/two-negatives": 3 * ln(2),
        "negative_sampling/smoke/no-scores": 2 * ln(2),
        "negative_sampling/smoke/a-hit": 2 * ln(2),
        "negative_sampling/smoke/by-a-bias": 3 * ln(1 + 1 / e),
        "sampled_softmax/smoke/no-scores": ln(3),
        "sampled_softmax/smoke/a-hit": ln(2),
        "sampled_softmax/smoke/by-q": ln(3),
    }
    found = {
        vector.id: float(vector.expected["value"].value)
        for name in NAMES
        for vector in oracle.cases(name)
    }
    for id, value in hand.items():
        base, rest = id.split("/", 1)
        for layout in ("", "/shared", "/masked"):
            assert found[f"{base}{layout}/{rest}"] == pytest.approx(value, rel=1e-14)
    assert found["class_nce/masked/masks/a-row-masked-whole"] == 0.0
    assert found["sampled_softmax/masked/masks/a-row-masked-whole"] == 0.0
    assert found["negative_sampling/masked/masks/a-row-masked-whole"] > 0.0


def test_a_hit_cancels_exactly_in_the_gradient():
    vector = {v.id: v for v in oracle.cases("sampled_softmax")}["sampled_softmax/smoke/a-hit"]
    assert not vector.expected["grad_biases"].value.any()


def test_layouts_agree():
    """The same negatives for all as rows of their own, and nothing masked."""
    for name in BASE:
        for vector in oracle.cases(f"{name}/shared")[3:9]:
            n, k = len(vector.inputs["hidden"]), len(vector.inputs["negatives"])
            rows = {**vector.inputs, "negatives": np.tile(vector.inputs["negatives"], (n, 1))}
            flat = oracle.truth(name, **rows)
            masked = oracle.truth(f"{name}/masked", **rows, mask=np.ones((n, k)))
            for output, value in oracle.truth(f"{name}/shared", **vector.inputs).items():
                assert np.array_equal(flat[output], value)
                assert np.array_equal(masked[output], value)


def test_bad_inputs_are_refused():
    good = {
        "hidden": [[1.0], [2.0]],
        "class_vectors": [[0.0], [1.0]],
        "biases": [0.0, 1.0],
        "targets": [0, 1],
        "negatives": [[1], [0]],
        "noise_probabilities": [0.5, 0.5],
    }
    for changed, said in (
        ({"targets": [0, 2]}, "classes 0 to 1"),
        ({"negatives": [[0.5], [0]]}, "whole numbers"),
        ({"noise_probabilities": [1.5, 0.5]}, "above 0, up to 1"),
    ):
        with pytest.raises(ValueError, match=said):
            oracle.truth("class_nce", **{**good, **changed})
    with pytest.raises(ValueError, match="negatives: got 2; expected a class, 0 to 1"):
        exact.class_nce(**{**good, "negatives": [[2], [0]]})
    with pytest.raises(ValueError, match="targets: got 1; expected 2"):
        exact.class_nce(**{**good, "targets": [0]})
    with pytest.raises(ValueError, match="negatives: got 1 rows; expected 2"):
        exact.class_nce(**{**good, "negatives": [[0]]})
    with pytest.raises(ValueError, match=r"outside \(0, 1\]"):
        exact.sampled_softmax(**{**good, "noise_probabilities": [0.0, 0.5]})


# --- optima, by enumeration of all draws ------------------------------------------------------------------------------

P, Q, K = np.array([0.5, 0.3, 0.15, 0.05]), np.array([0.4, 0.1, 0.3, 0.2]), 2
DRAWS = [
    (y, draw, P[y] * Q[list(draw)].prod())
    for y in range(4)
    for draw in itertools.product(range(4), repeat=K)
]


def optimum(evaluate, name):
    """The biases that are best for p(y), classes drawn from Q; each row counts by its probability."""
    n = len(DRAWS)
    inputs = {
        "hidden": np.zeros((1, 1)),
        "class_vectors": np.zeros((4, 1)),
        "noise_probabilities": Q,
    }
    if name == "negative_sampling":
        del inputs["noise_probabilities"]

    def loss(s):
        value, grad = 0.0, np.zeros(4)
        for y, draw, weight in DRAWS:
            found = evaluate(
                {
                    **inputs,
                    "biases": s,
                    "targets": np.array([float(y)]),
                    "negatives": np.array([draw], dtype=float),
                }
            )
            value += weight * found["value"]
            grad += weight * found["grad_biases"]
        return value, grad

    found = minimize(loss, np.zeros(4), jac=True, method="BFGS", options={"gtol": 1e-9})
    assert n == 4 * 4**K and np.abs(found.jac).max() < 1e-7
    return found.x


def right(name):
    return lambda inputs: EVERY[name].evaluate(EVERY[name].right, inputs)


def removed(name, which="hits"):
    (relative,) = [r for r in of((EVERY[name],)) if r.id == f"{which}-removed-given"]
    return relative.evaluate


def free(s):
    return s - s.mean()


def test_optima_are_what_the_pages_and_the_titles_say():
    logit = np.log(P / (1 - P))
    met = P * (1 - (1 - Q) ** K)  # the expected count of the one hit that is removed
    for name, evaluate, want in (
        ("class_nce", right("class_nce"), np.log(P)),
        ("class_nce", removed("class_nce"), logit),
        ("negative_sampling", right("negative_sampling"), np.log(P / (K * Q))),
        ("negative_sampling", removed("negative_sampling"), logit - np.log(K * Q)),
        ("class_nce", removed("class_nce", "one-hit"), np.log(P) - np.log(1 - met / (K * Q))),
        (
            "negative_sampling",
            removed("negative_sampling", "one-hit"),
            np.log(P) - np.log(K * Q - met),
        ),
    ):
        assert np.allclose(optimum(evaluate, name), want, atol=1e-5), name
    kept = optimum(right("sampled_softmax"), "sampled_softmax")
    assert np.allclose(free(kept), free(np.log(P)), atol=1e-5)
    for which in ("hits", "one-hit"):
        found = optimum(removed("sampled_softmax", which), "sampled_softmax")
        assert np.abs(free(found) - free(np.log(P))).max() > 0.05


@pytest.mark.parametrize(
    ("id", "want"),
    [
        ("class-nce-no-log-k", np.log(P) - np.log(K)),
        ("class-nce-log-k-added", np.log(P) - 2 * np.log(K)),
        ("class-nce-k-with-the-target", np.log(P) + np.log((K + 1) / K)),
        ("sampled-negatives-averaged", np.log(P) + np.log(K)),
        ("sampled-targets-times-k", np.log(P) + np.log(K)),
        ("sampled-no-log-q", np.log(P) - np.log(Q)),
        ("sampled-log-q-added", np.log(P) - 2 * np.log(Q)),
        ("sampled-log-q-twice", np.log(P) + np.log(Q)),
        ("class-nce-q-uniform", np.log(P) - np.log(4 * Q)),
        ("sampled-repeats-removed", np.log(P) + np.log(K * Q / (1 - (1 - Q) ** K))),
        ("sampled-inclusion-probability", np.log(P) - np.log(K * Q / (1 - (1 - Q) ** K))),
        ("sampled-target-among-negatives", np.log(K * Q * P / (K * Q + P))),
    ],
)
def test_what_a_mistake_does_to_the_optimum(id, want):
    mistake = find_mistake(id)
    found = optimum(lambda inputs: mistake.evaluate("class_nce", inputs), "class_nce")
    assert np.allclose(found, want, atol=1e-5)


@pytest.mark.parametrize("name", ["class_nce", "sampled_softmax"])
@pytest.mark.parametrize("which", ["targets", "negatives"])
def test_half_a_correction_leaves_rare_classes_too_likely(name, which):
    """As the text says: the rarest class against the most frequent one, beside ln q of both, all of it with no ln q."""
    mistake = find_mistake(f"sampled-no-log-q-on-{which}")
    found = optimum(lambda inputs: mistake.evaluate(name, inputs), name) - np.log(P)
    rarest, commonest = Q.argmin(), Q.argmax()
    most = np.log(Q[commonest] / Q[rarest])
    assert 0.25 * most < found[rarest] - found[commonest] < 1.25 * most


# --- what is said of wrong ones ---------------------------------------------------------------------------------------

NAMED = [
    ("class_nce", "sampled-log-q-added"),
    ("class_nce", "class-nce-no-log-k"),
    ("class_nce", "sampled-inclusion-probability"),
    ("class_nce", "sampled-negatives-averaged"),
    ("class_nce", "sampled-hits-multiplied"),
    ("negative_sampling", "sampled-negative-sign"),
    ("negative_sampling", "sampled-repeats-removed"),
    ("sampled_softmax", "sampled-no-log-q"),
    ("sampled_softmax", "sampled-no-log-q-on-targets"),
    ("sampled_softmax", "info-nce-positive-left-out"),
    ("sampled_softmax", "sampled-softmax-whole-batch"),
    ("class_nce/shared", "class-nce-k-of-the-batch"),
    ("class_nce/masked", "class-nce-k-of-columns"),
    ("sampled_softmax/masked", "mask-multiplied"),
]


@pytest.mark.parametrize(("name", "id"), NAMED)
def test_a_slip_is_named_from_the_value_alone(name, id):
    mistake = find_mistake(id)
    best = oracle.check(lambda **i: mistake.evaluate(name, i)["value"], name).diagnosis.best
    assert best.id == id


def test_a_scatter_that_overwrites_is_named():
    mistake = find_mistake("sampled-gradient-overwritten")
    for name in NAMES:
        report = oracle.check(lambda name=name, **i: mistake.evaluate(name, i), name)
        assert report.diagnosis.best.id == mistake.id, name


@pytest.mark.parametrize("relative", FAMILY.relatives, ids=lambda r: f"{r.at} {r.id}")
def test_another_objective_is_recognised(relative):
    report = oracle.check(lambda **inputs: relative.evaluate(inputs), relative.at)
    best = report.diagnosis.best
    assert (best.kind, best.id) == ("other objective", relative.id)
    assert not report.ok


def test_what_may_be_chosen_is_declared():
    """The mean over all terms, a sum, and ln q in the place of q: told, and right once declared."""
    form = FORMS[0][1]

    def of_logs(noise_probabilities, **inputs):
        return form(noise_probabilities=np.exp(noise_probabilities), **inputs)

    said = oracle.check(of_logs, "class_nce")
    assert 'choices=["log_probabilities"]' in str(said)
    declared = oracle.Convention(sense="minimise", choices=("log_probabilities",))
    assert oracle.check(of_logs, "class_nce", convention=declared).ok

    def over_terms(**inputs):
        terms = 1 + inputs["negatives"].shape[1]
        return {name: value / terms for name, value in form(**inputs).items()}

    assert 'reduction="mean"' in oracle.check(over_terms, "class_nce").diagnosis.best.remedy
    declared = oracle.Convention(sense="minimise", reduction="mean")
    assert oracle.check(over_terms, "class_nce", convention=declared).ok
