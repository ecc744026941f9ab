"""InfoNCE of embeddings: right forms pass, values by hand, the exact numbers against the definition, and what its
mistakes do."""

from __future__ import annotations

import math

import numpy as np
import pytest

from nce_ref import oracle
from nce_ref.oracle.families.ranking import exact_embeddings
from nce_ref.oracle.mistakes import find_mistake
from nce_ref.oracle.objectives import OBJECTIVES
from tests.oracle.families.plain_decimals import check, cosine, mean, row_loss

NAMES = ("info_nce", "info_nce_unpaired", "info_nce_in_batch")


# --- right forms, as people write them
# ----------------------------------------------------------------------------------------


def unit(z):
    return z / np.linalg.norm(z, axis=-1, keepdims=True)


def by_length(z, of_unit):
    u = unit(z)
    along = (u * of_unit).sum(axis=-1, keepdims=True)
    return (of_unit - along * u) / np.linalg.norm(z, axis=-1, keepdims=True)


def cross_entropy(logits, labels):
    """The mean over rows and its gradient: log-softmax, less one-hot."""
    rows = np.arange(len(logits))
    centred = logits - logits.max(axis=1, keepdims=True)
    log_p = centred - np.log(np.exp(centred).sum(axis=1, keepdims=True))
    grad = np.exp(log_p)
    grad[rows, labels] -= 1
    return -log_p[rows, labels].mean(), grad / logits.dtype.type(len(logits))


def pytorch_style(anchors, positives, temperature, negatives=None, mask=None):
    """Positive logit first, label 0; keys normalised beforehand; the mask filled with -inf after the temperature."""
    a, p = unit(anchors), unit(positives)
    if negatives is None:
        q = a @ p.T
        value, g = cross_entropy(q / temperature, np.arange(len(a)))
        found = {
            "grad_anchors": by_length(anchors, g @ p / temperature),
            "grad_positives": by_length(positives, g.T @ a / temperature),
        }
    else:
        keys = unit(negatives)
        paired = "nd,nmd->nm" if keys.ndim == 3 else "nd,md->nm"
        own = np.einsum("nd,nd->n", a, p)
        others = np.where(mask == 1, np.einsum(paired, a, keys), -np.inf).astype(a.dtype)
        q = np.concatenate([own[:, None], others], axis=1)
        value, g = cross_entropy(q / temperature, np.zeros(len(a), dtype=int))
        q = np.where(np.isfinite(q), q, 0)
        first, rest = g[:, :1] / temperature, g[:, 1:] / temperature
        of_a = first * p + np.einsum("nm,nmd->nd" if keys.ndim == 3 else "nm,md->nd", rest, keys)
        of_keys = np.einsum("nm,nd->nmd" if keys.ndim == 3 else "nm,nd->md", rest, a)
        found = {
            "grad_anchors": by_length(anchors, of_a),
            "grad_positives": by_length(positives, first * a),
            "grad_negatives": by_length(negatives, of_keys),
        }
    return {"value": value, **found, "grad_temperature": -(g * q).sum() / temperature**2}


def one_row_after_the_other(anchors, positives, temperature, negatives=None, mask=None):
    """Loops over rows and keys, softplus of the gap, running sums."""
    kind = anchors.dtype.type
    out = {"grad_anchors": np.zeros_like(anchors), "grad_positives": np.zeros_like(positives)}
    if negatives is not None:
        out["grad_negatives"] = np.zeros_like(negatives)
    value = by_t = kind(0)
    n = len(anchors)
    for i in range(n):
        if negatives is None:
            keys = [(positives[j], out["grad_positives"], j) for j in range(n) if j != i]
        else:
            places = [(i, j) if negatives.ndim == 3 else (j,) for j in range(mask.shape[1])]
            keys = [
                (negatives[at], out["grad_negatives"], at)
                for j, at in enumerate(places)
                if mask[i, j]
            ]
        if not keys:
            continue
        a, p = unit(anchors[i]), unit(positives[i])
        own = kind(a @ p)
        q = np.array([a @ unit(key) for key, _, _ in keys])
        gaps = (q - own) / kind(temperature)
        top = gaps.max()
        lse = top + np.log(np.exp(gaps - top).sum())
        value += np.logaddexp(kind(0), lse) / kind(n)
        w = np.exp(gaps - np.logaddexp(kind(0), lse)) / kind(n)
        by_t -= (w * (q - own)).sum() / kind(temperature) ** 2
        of_a = np.zeros_like(a)
        for weight, (key, grad, at) in zip(w / kind(temperature), keys):
            of_a += weight * (unit(key) - p)
            grad[at] += by_length(key, weight * a)
        out["grad_anchors"][i] = by_length(anchors[i], of_a)
        out["grad_positives"][i] += by_length(positives[i], -w.sum() / kind(temperature) * a)
    return {"value": value, **out, "grad_temperature": by_t}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("form", [pytorch_style, one_row_after_the_other])
@pytest.mark.parametrize("name", NAMES)
def test_right_forms_pass(name, form, dtype):
    report = oracle.check(form, name, dtype=dtype)
    assert report.ok, str(report)


# --- the numbers ----------------------------------------------------------------------------------


def plain(anchors, positives, temperature, negatives=None, mask=None):
    def keys_of(i):
        if negatives is None:
            return [p for j, p in enumerate(positives) if j != i]
        own = negatives if isinstance(negatives[0][0], type(temperature)) else negatives[i]
        return [key for key, counts in zip(own, mask[i]) if counts]

    return mean(
        row_loss(cosine(a, p) / temperature, [cosine(a, k) / temperature for k in keys_of(i)])
        for i, (a, p) in enumerate(zip(anchors, positives))
    )


FEW = (
    "random/3x4",
    "random/4x3",
    "random/5x2",
    "mask/two-rows",
    "ties/",
    "tails/aligned",
    "tails/all",
)
SOME = [
    vector
    for name in NAMES
    for vector in oracle.cases(name)
    if vector.id.split("/", 1)[1].startswith(FEW)
]


@pytest.mark.parametrize("vector", SOME, ids=lambda vector: vector.id)
def test_the_decimals_are_the_definition_and_its_differences(vector):
    check(plain, vector, getattr(exact_embeddings, vector.objective.name))


def test_values_by_hand():
    found = {v.id: float(v.expected["value"].value) for n in NAMES for v in oracle.cases(n)}
    for name in ("info_nce", "info_nce_unpaired"):
        assert found[f"{name}/smoke/one-direction"] == pytest.approx(math.log(2.0), rel=1e-15)
        assert found[f"{name}/smoke/right-angle"] == pytest.approx(math.log1p(math.exp(-2.0)))
        assert found[f"{name}/smoke/masked"] == pytest.approx(math.log1p(math.exp(-1.0)) / 2)
        assert found[f"{name}/mask/nothing-left"] == 0.0
    assert found["info_nce_in_batch/smoke/right-angle"] == pytest.approx(math.log1p(math.exp(-2.0)))
    assert found["info_nce_in_batch/smoke/crossed"] == pytest.approx(math.log1p(math.exp(1.0)))
    # All negatives alike to the anchor: chance, ln(m + 1).
    assert found["info_nce_in_batch/ties/identical-positives"] == pytest.approx(math.log(4.0))


@pytest.mark.parametrize("name", NAMES)
def test_a_vector_has_no_gradient_along_itself_and_the_temperatures_is_eulers(name):
    """L is homogeneous of degree 0 in every vector; under mask and ties, too."""
    for vector in oracle.cases(name):
        inputs, expected = vector.inputs, vector.expected
        for output in vector.objective.outputs:
            if output.derivative_of in (None, "temperature"):
                continue
            z = inputs[output.derivative_of]
            along = (z * expected[output.name].value).sum(axis=-1)
            size = (np.abs(z) * expected[output.name].scale).sum(axis=-1)
            assert (np.abs(along) <= 1e-15 * size).all(), vector.id


def test_bad_inputs_are_refused():
    good = {"anchors": [[1.0, 0.0]], "positives": [[1.0, 0.0]], "temperature": 1.0}
    more = {"negatives": [[[1.0, 2.0]]], "mask": [[1.0]]}
    for wrong, said in (
        ({"anchors": [[0.0, 0.0]]}, "anchors: got a row 0 of length 0"),
        ({"temperature": 0.0}, "temperature: got 0.0; expected a number above 0"),
        ({"mask": [[0.5]]}, "mask: got other numbers; expected 0 and 1"),
        ({"mask": [[1.0, 0.0]]}, "mask"),
        ({"positives": [[1.0, 0.0]] * 2}, "positives: got 2 rows; expected 1"),
        ({"negatives": [[[1.0, 2.0]]] * 2}, "negatives: got 2 rows; expected 1"),
        ({"negatives": [[[1.0]]]}, "negatives"),
    ):
        with pytest.raises(ValueError, match=said):
            exact_embeddings.info_nce(**{**good, **more, **wrong})
    with pytest.raises(ValueError, match="expected at least 2 pairs"):
        oracle.truth("info_nce_in_batch", anchors=[[1.0]], positives=[[2.0]], temperature=1.0)


# --- what is said of wrong ones
# -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "id", ["embeddings-not-normalised", "temperature-squared", "embeddings-norm-of-the-batch"]
)
def test_a_slip_is_named_from_the_value_alone(name, id):
    mistake = find_mistake(id)

    def impl(**inputs):
        return mistake.evaluate(name, inputs)["value"]

    assert oracle.check(impl, name).diagnosis.best.id == id


def test_a_constant_in_the_temperatures_place_is_named_with_its_value():
    mistake = find_mistake("temperature-fixed")

    def impl(**inputs):
        return mistake.evaluate("info_nce", inputs, 0.03)["value"]

    best = oracle.check(impl, "info_nce").diagnosis.best
    assert (best.id, best.value) == ("temperature-fixed", 0.03)


def test_a_wrong_sense_is_told():
    right = OBJECTIVES["info_nce_in_batch"]
    best = oracle.check(
        lambda **inputs: -right.evaluate(right.right, inputs)["value"], right.name
    ).diagnosis.best
    assert best.kind == "convention" and 'sense="maximise"' in best.remedy


def test_leaving_the_length_out_of_the_pullback_changes_where_it_ends():
    """Steepest descent from the same start: with the length detached |z| runs away, with the right one it grows by
    steps' squares."""
    rng = np.random.default_rng(2)
    start = rng.normal(size=(4, 3)), rng.normal(size=(4, 3))
    objective, detached = OBJECTIVES["info_nce_in_batch"], find_mistake("pullback-length-detached")
    ends = []
    for step in (
        lambda inputs: objective.evaluate(objective.right, inputs),
        lambda inputs: detached.evaluate(objective.name, inputs),
    ):
        a, p = (z.copy() for z in start)
        for _ in range(400):
            found = step({"anchors": a, "positives": p, "temperature": 0.5})
            a, p = a - 0.05 * found["grad_anchors"], p - 0.05 * found["grad_positives"]
        ends.append(np.linalg.norm(a, axis=1) / np.linalg.norm(start[0], axis=1) - 1.0)
    assert np.abs(ends[0]).max() < 0.05 < np.abs(ends[1]).max()
