"""Conditional NCE: right forms, values by hand, the definition, the package's objective, optima, slips named."""

from __future__ import annotations

import math
from decimal import Decimal

import numpy as np
import pytest
from scipy.special import expit

import nce_ref as nr
from nce_ref import oracle
from nce_ref.oracle.families.conditional import exact, many
from nce_ref.oracle.families.conditional.objectives import FAMILY
from nce_ref.oracle.mistakes import find_mistake
from tests.oracle.families.plain_decimals import check, mean, softplus

NAME, MASKED = "conditional_nce", "conditional_nce/masked"
NAMES = ("log_model_data", "log_model_noise", "log_noise_given_data", "log_data_given_noise")


def shares(kept, kind):
    counts = np.maximum(kept.sum(axis=1, keepdims=True), 1)
    return (2 * kept / (counts * len(kept))).astype(kind)


def outputs(value, g):
    return {
        "value": value,
        "grad_log_model_data": g.sum(axis=1),
        "grad_log_model_noise": -g,
    }


def by_softplus(
    log_model_data, log_model_noise, log_noise_given_data, log_data_given_noise, mask=None
):
    kept = np.ones(log_model_noise.shape, dtype=bool) if mask is None else mask == 1
    noise, there, back = (
        np.where(kept, one, 0)
        for one in (log_model_noise, log_noise_given_data, log_data_given_noise)
    )
    G = log_model_data[:, None] - noise + there - back
    share = shares(kept, G.dtype)
    return outputs((share * np.logaddexp(0, -G)).sum(), -share * expit(-G))


def as_two_classes(
    log_model_data, log_model_noise, log_noise_given_data, log_data_given_noise, mask=None
):
    """A softmax cross-entropy over the two orders, label 0."""
    kept = np.ones(log_model_noise.shape, dtype=bool) if mask is None else mask == 1
    one = np.where(kept, log_model_data[:, None] + log_noise_given_data, 0)
    other = np.where(kept, log_model_noise + log_data_given_noise, 0)
    s = np.stack([one, other], axis=-1)
    centred = s - s.max(axis=-1, keepdims=True)
    log_p = centred - np.log(np.exp(centred).sum(axis=-1, keepdims=True))
    share = shares(kept, s.dtype)
    found = outputs(-(share * log_p[..., 0]).sum(), share * (np.exp(log_p[..., 0]) - 1))
    return found | {"grad_log_model_noise": share * np.exp(log_p[..., 1])}


def in_loops(
    log_model_data, log_model_noise, log_noise_given_data, log_data_given_noise, mask=None
):
    kind = log_model_data.dtype.type
    n, kappa = log_model_noise.shape
    value, of_x, of_y = kind(0), np.zeros_like(log_model_data), np.zeros_like(log_model_noise)
    for i in range(n):
        drawn = [j for j in range(kappa) if mask is None or mask[i, j] == 1]
        for j in drawn:
            a = log_model_data[i] + log_noise_given_data[i, j]
            b = log_model_noise[i, j] + log_data_given_noise[i, j]
            weight = kind(2) / kind(len(drawn) * n)
            value += weight * (np.logaddexp(a, b) - a)
            slope = weight / (1 + np.exp(a - b))
            of_x[i] -= slope
            of_y[i, j] = slope
    return {"value": value, "grad_log_model_data": of_x, "grad_log_model_noise": of_y}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", [NAME, MASKED])
@pytest.mark.parametrize("form", [by_softplus, as_two_classes, in_loops])
def test_right_forms_pass(form, name, dtype):
    with np.errstate(over="ignore", invalid="ignore"):
        report = oracle.check(form, name, dtype=dtype)
    assert report.ok, str(report)


# --- the numbers ------------------------------------------------------------------------------------------------------


def definition(
    log_model_data, log_model_noise, log_noise_given_data, log_data_given_noise, mask=None
):
    rows = []
    for i, x in enumerate(log_model_data):
        losses = [
            softplus(y + back - x - there)
            for j, (y, there, back) in enumerate(
                zip(log_model_noise[i], log_noise_given_data[i], log_data_given_noise[i])
            )
            if mask is None or mask[i][j] == 1
        ]
        rows.append(2 * mean(losses) if losses else 0)
    return mean(rows)


FEW = ("random/4x3", "random/one-pair", "random/5x1", "ties/no-step", "tails/aligned", "masks/rows")
SOME = [
    vector
    for name in (NAME, MASKED)
    for vector in oracle.cases(name)
    if vector.id.removeprefix(f"{name}/").startswith(FEW)
]


@pytest.mark.parametrize("vector", SOME, ids=lambda vector: vector.id)
def test_the_decimals_are_the_definition_and_its_differences(vector):
    check(definition, vector, exact.conditional_nce)


def test_values_by_hand():
    found = {
        vector.id: float(vector.expected["value"].value)
        for name in (NAME, MASKED)
        for vector in oracle.cases(name)
    }
    ln, e = math.log, math.e
    for id, value in (
        ("smoke/all-alike", 2 * ln(2)),
        ("smoke/one-ahead", 2 * ln(1 + 1 / e)),
        ("smoke/two-steps", ln(2) + ln(1 + 1 / e)),
        ("ties/no-step", 2 * ln(2)),
    ):
        assert found[f"{NAME}/{id}"] == pytest.approx(value, rel=1e-14)
    assert found[f"{MASKED}/masks/a-row-masked-whole"] == 0.0


def test_it_is_the_packages_objective():
    """J = -L of the Laplace ICA model under steps that are not symmetric."""
    rng = np.random.default_rng(3)
    model, n, kappa = nr.LaplaceICA(2), 6, 3
    theta = model.pack(rng.normal(size=(2, 2)), 0.0)

    class Steps:
        """y = x/2 + z, z of a unit Gaussian."""

        symmetric = False

        def log_density(self, y, x):
            z = y - 0.5 * x[:, None]  # (n, kappa, n_dim) and (n, n_dim)
            return -0.5 * (z * z).sum(axis=-1) - np.log(2 * np.pi)

        def sample(self, x, kappa, rng):
            return 0.5 * x[:, None] + rng.normal(size=(len(x), kappa, x.shape[1]))

    steps, x = Steps(), rng.normal(size=(n, 2))
    y = steps.sample(x, kappa, rng)
    every = y.reshape(-1, 2)
    repeated = np.repeat(x, kappa, axis=0)
    inputs = dict(
        zip(
            NAMES,
            (
                model.log_density(theta, x),
                model.log_density(theta, every).reshape(n, kappa),
                steps.log_density(y, x),
                steps.log_density(repeated[:, None], every).reshape(n, kappa),
            ),
        )
    )
    value, grad = nr.ConditionalObjective(model, steps, x, y)(theta[:-1])
    truth = oracle.truth(NAME, **inputs)
    assert -value == pytest.approx(float(truth["value"]), rel=1e-12)
    weights = np.append(truth["grad_log_model_data"], np.ravel(truth["grad_log_model_noise"]))
    slope = model.pullback(theta, np.concatenate([x, every]), weights.astype(float))
    assert np.allclose(-grad, slope[:-1], rtol=1e-11)


@pytest.mark.parametrize("vector", oracle.cases(NAME), ids=lambda vector: vector.id)
def test_many_are_the_same_numbers(vector):
    inputs = {name: np.asarray(value).tolist() for name, value in vector.inputs.items()}
    one, other = exact.conditional_nce(**inputs), many.conditional_nce(**inputs, digits=17)
    for name, want in one.items():
        got, want = (np.asarray(v, dtype=object).ravel() for v in (other[name], want))
        assert all(abs(g - w) <= abs(w) * Decimal("1e-20") for g, w in zip(got, want))


def test_bad_inputs_are_refused():
    good = dict(zip(NAMES, ([0.0], [[1.0, 2.0]], [[0.0, 0.0]], [[0.0, 0.0]])))
    with pytest.raises(ValueError, match="log_noise_given_data: got a row of 1; expected 2"):
        exact.conditional_nce(**{**good, "log_noise_given_data": [[0.0]]})
    with pytest.raises(ValueError, match="log_model_noise: got 2 rows; expected 1"):
        exact.conditional_nce(**{**good, "log_model_noise": [[0.0, 0.0]] * 2})
    with pytest.raises(ValueError, match="log_data_given_noise"):
        exact.conditional_nce(**{**good, "log_data_given_noise": [[math.nan, 0.0]]})
    with pytest.raises(ValueError, match="mask with other numbers"):
        oracle.truth(MASKED, **good, mask=[[1.0, 0.5]])


# --- optima: three states, all steps enumerated -----------------------------------------------------------------------

P = np.array([0.5, 0.3, 0.2])
C = np.array(
    [[0.2, 0.5, 0.3], [0.1, 0.6, 0.3], [0.4, 0.4, 0.2]]
)  # p_c(y|x), rows x; far from symmetric


def slope(log_phi, evaluate):
    """dL/dln phi in the limit of infinitely many data, by state."""
    total = np.zeros(3)
    for x in range(3):
        for y in range(3):
            inputs = dict(
                zip(
                    NAMES,
                    (
                        np.array([log_phi[x]]),
                        np.array([[log_phi[y]]]),
                        np.array([[np.log(C[x, y])]]),
                        np.array([[np.log(C[y, x])]]),
                    ),
                )
            )
            found = evaluate(inputs)
            total[x] += P[x] * C[x, y] * found["grad_log_model_data"][0]
            total[y] += P[x] * C[x, y] * found["grad_log_model_noise"][0, 0]
    return np.abs(total).max()


def test_the_optimum_is_the_datas_law_and_slips_move_it():
    objective = FAMILY.objectives[0]
    assert slope(np.log(P), lambda i: objective.evaluate(objective.right, i)) < 1e-15
    for id in (
        "conditional-no-steps",
        "conditional-no-way-back",
        "conditional-no-way-there",
        "conditional-steps-swapped",
        "conditional-way-back-added",
        "conditional-model-swapped",
        "conditional-steps-halved",
        "conditional-labels-swapped",
        "conditional-labels-smoothed",
    ):
        mistake = find_mistake(id)
        assert slope(np.log(P), lambda i, m=mistake: m.evaluate(NAME, i)) > 1e-3, id
    # Two that promise to leave it where it is, and one that halves G.
    for id in ("conditional-datum-counted", "conditional-first-noise-point"):
        mistake = find_mistake(id)
        assert slope(np.log(P), lambda i, m=mistake: m.evaluate(NAME, i)) < 1e-15, id


# --- what is said of wrong ones ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "id",
    [
        "conditional-no-steps",
        "conditional-no-way-back",
        "conditional-steps-swapped",
        "conditional-way-back-added",
        "conditional-less-log-kappa",
        "conditional-averaged-inside",
        "conditional-hardest",
    ],
)
def test_a_slip_is_named_from_the_value_alone(id):
    mistake = find_mistake(id)
    best = oracle.check(lambda **i: mistake.evaluate(NAME, i)["value"], NAME).diagnosis.best
    assert best.id == id


@pytest.mark.parametrize("id", ["conditional-kappa-of-columns", "mask-multiplied"])
def test_a_slip_in_masks_is_named(id):
    mistake = find_mistake(id)
    best = oracle.check(lambda **i: mistake.evaluate(MASKED, i), MASKED).diagnosis.best
    assert best.id == id


@pytest.mark.parametrize("relative", FAMILY.relatives, ids=lambda relative: relative.id)
def test_another_objective_is_recognised(relative):
    best = oracle.check(lambda **inputs: relative.evaluate(inputs), relative.at).diagnosis.best
    assert (best.kind, best.id) == ("other objective", relative.id)


def test_the_factor_2_and_the_sum_over_steps_are_declared():
    def halved(**inputs):
        return {name: value / 2 for name, value in by_softplus(**inputs).items()}

    assert 'reduction="half"' in oracle.check(halved, NAME).diagnosis.best.remedy
    assert oracle.check(
        halved, NAME, convention=oracle.Convention(sense="minimise", reduction="half")
    ).ok

    def summed(**inputs):
        kappa = inputs["log_model_noise"].shape[1]
        return {name: value * kappa for name, value in by_softplus(**inputs).items()}

    assert 'choices=["steps_summed"]' in oracle.check(summed, NAME).diagnosis.best.remedy
    assert oracle.check(
        summed, NAME, convention=oracle.Convention(sense="minimise", choices=("steps_summed",))
    ).ok
