"""Ranking NCE and NRE-C: right forms pass, values by hand, the exact numbers against the definition, and what their
mistakes do."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.special import expit, log_expit, logsumexp
from scipy.stats import multivariate_normal

from nce_ref import oracle
from nce_ref.oracle.families.base import laid_over
from nce_ref.oracle.families.ranking import exact_models
from nce_ref.oracle.mistakes import find_mistake
from nce_ref.oracle.objectives import OBJECTIVES
from nce_ref.oracle.results import CHOICE
from tests.oracle.families.plain_decimals import check, mean, row_loss, softplus

RANKING, LAPLACE, NRE = "ranking_nce", "laplace_ica_ranking_nce", "nre_c"


def softmax_rows(s):
    """The mean over rows of -ln softmax of the first entry, and its gradient: softmax less one-hot."""
    centred = s - s.max(axis=1, keepdims=True)
    w = np.exp(centred)
    w /= w.sum(axis=1, keepdims=True)
    value = (logsumexp(s, axis=1) - s[:, 0]).mean()
    w[:, 0] -= 1
    return value, w / s.dtype.type(len(s))


def by_softmax(log_model_data, log_model_noise, log_noise_data, log_noise_noise):
    ratios = (log_model_data - log_noise_data)[:, None], log_model_noise - log_noise_noise
    value, g = softmax_rows(np.concatenate(ratios, axis=1))
    return {"value": value, "grad_log_model_data": g[:, 0], "grad_log_model_noise": g[:, 1:]}


def by_log_sigmoid(log_model_data, log_model_noise, log_noise_data, log_noise_noise):
    """-ln sigma of the datum's log-ratio less the log-sum of the others."""
    noise = log_model_noise - log_noise_noise
    t = log_model_data - log_noise_data - logsumexp(noise, axis=1)
    n = t.dtype.type(len(t))
    missed = expit(-t) / n
    shares = np.exp(noise - logsumexp(noise, axis=1, keepdims=True))
    return {
        "value": -log_expit(t).mean(),
        "grad_log_model_data": -missed,
        "grad_log_model_noise": missed[:, None] * shares,
    }


def of_laplace(B, x, y, noise_mean, noise_cov):
    """All points of a row together; ln p_n by SciPy; the slope of |s| by np.sign."""
    points = np.concatenate([x[:, None], y], axis=1)
    s = points @ B.T
    root = B.dtype.type(math.sqrt(2))
    law = multivariate_normal(noise_mean, noise_cov)
    log_noise = np.asarray(law.logpdf(points)).reshape(points.shape[:2]).astype(B.dtype)
    value, g = softmax_rows(-root * np.abs(s).sum(axis=2) - log_noise)
    return {"value": value, "grad_B": -root * np.einsum("nk,nki,nkj->ij", g, np.sign(s), points)}


def as_sbi(logits_marginal, logits_joint, gamma):
    """Log-probabilities of the classes, each less the log of the sum over all of them."""
    K, kind = logits_joint.shape[1], logits_joint.dtype.type
    log_gamma, log_K = kind(math.log(gamma)), kind(math.log(K))
    none, pair = kind(1 / (1 + gamma)), kind(gamma / (1 + gamma))
    rows = [
        np.concatenate([np.full((len(f), 1), log_K), log_gamma + f], axis=1)
        for f in (logits_marginal, logits_joint)
    ]
    lse = [logsumexp(row, axis=1) for row in rows]
    p = [np.exp(row - total[:, None]) for row, total in zip(rows, lse)]
    p[1][:, 1] -= 1
    n = kind(len(logits_joint))
    return {
        "value": none * (lse[0] - log_K).mean() + pair * (lse[1] - rows[1][:, 1]).mean(),
        "grad_logits_marginal": none * p[0][:, 1:] / n,
        "grad_logits_joint": pair * p[1][:, 1:] / n,
    }


def as_written(logits_marginal, logits_joint, gamma):
    """softplus of log-sums, as the formula has it."""
    n, K = logits_joint.shape
    kind = logits_joint.dtype.type
    odds = kind(math.log(K / gamma))
    z = logsumexp(logits_marginal, axis=1) - odds
    others = np.concatenate([np.full((n, 1), odds), logits_joint[:, 1:]], axis=1)
    lse = logsumexp(others, axis=1)
    t = lse - logits_joint[:, 0]
    none, pair = kind(1 / (1 + gamma)), kind(gamma / (1 + gamma))
    share = pair * expit(t)[:, None] / n
    return {
        "value": none * np.logaddexp(0, z).mean() + pair * np.logaddexp(0, t).mean(),
        "grad_logits_marginal": none
        * expit(z)[:, None]
        * np.exp(logits_marginal - logsumexp(logits_marginal, axis=1, keepdims=True))
        / n,
        "grad_logits_joint": np.concatenate(
            [-share, share * np.exp(others - lse[:, None])[:, 1:]], axis=1
        ),
    }


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    ("name", "form"),
    [
        (RANKING, by_softmax),
        (RANKING, by_log_sigmoid),
        (LAPLACE, of_laplace),
        (NRE, as_sbi),
        (NRE, as_written),
    ],
)
def test_right_forms_pass(name, form, dtype):
    report = oracle.check(form, name, dtype=dtype)
    assert report.ok, str(report)


# --- the numbers ----------------------------------------------------------------------------------


def plain_ranking(log_model_data, log_model_noise, log_noise_data, log_noise_noise):
    return mean(
        row_loss(m - k, [a - b for a, b in zip(ms, ks)])
        for m, ms, k, ks in zip(log_model_data, log_model_noise, log_noise_data, log_noise_noise)
    )


def plain_laplace(B, x, y, noise_mean, noise_cov):
    """In two dimensions: the quadratic form by Cramer's rule; constants left out, which cancel."""
    (a, b), (_, d) = noise_cov
    det = a * d - b * b

    def log_ratio(u):
        p, q = (v - m for v, m in zip(u, noise_mean))
        quadratic = (d * p * p - 2 * b * p * q + a * q * q) / det
        total = sum(abs(sum(w * v for w, v in zip(row, u))) for row in B)
        return -type(a)(2).sqrt() * total + quadratic / 2

    return mean(row_loss(log_ratio(u), [log_ratio(v) for v in own]) for u, own in zip(x, y))


def plain_nre(logits_marginal, logits_joint, gamma):
    K = len(logits_joint[0])
    none = mean(softplus((gamma * sum(f.exp() for f in row) / K).ln()) for row in logits_marginal)
    pair = mean(
        ((K + gamma * sum(f.exp() for f in row)) / (gamma * row[0].exp())).ln()
        for row in logits_joint
    )
    return (none + gamma * pair) / (1 + gamma)


PLAIN = {RANKING: plain_ranking, LAPLACE: plain_laplace, NRE: plain_nre}
FEW = {
    RANKING: ("random/3x4", "random/model-far", "ties/", "tails/right-by", "tails/wrong-by-40"),
    LAPLACE: ("smoke/two", "random/n-2", "random/small-", "tails/right", "tails/wrong"),
    NRE: (
        "random/3x4",
        "random/one",
        "random/gamma",
        "ties",
        "tails/right-by",
        "tails/wrong-by-40",
    ),
}
SOME = [
    vector
    for name, few in FEW.items()
    for vector in oracle.cases(name)
    if vector.id.split("/", 1)[1].startswith(few)
]


@pytest.mark.parametrize("vector", SOME, ids=lambda vector: vector.id)
def test_the_decimals_are_the_definition_and_its_differences(vector):
    name = vector.objective.name
    check(PLAIN[name], vector, getattr(exact_models, name))


def test_values_by_hand():
    found = {v.id: float(v.expected["value"].value) for n in PLAIN for v in oracle.cases(n)}
    hand = {
        "ranking_nce/smoke/all-alike": math.log(2.0),
        "ranking_nce/smoke/one-noise-point": math.log1p(math.exp(-1.0)),
        "ranking_nce/smoke/chance": math.log(4.0),
        "laplace_ica_ranking_nce/smoke/same-point": math.log(2.0),
        "laplace_ica_ranking_nce/smoke/one-noise-point": math.log1p(math.exp(1.0 - math.sqrt(2.0))),
        "laplace_ica_ranking_nce/smoke/two-dimensions": math.log(3.0),
        "nre_c/smoke/nothing-known": math.log(2.0),
        "nre_c/smoke/gamma-3": math.log(4.0) / 4.0 + 0.75 * math.log(4.0 / 3.0),
        "nre_c/smoke/two-contrasts": (math.log(2.0) + math.log(4.0)) / 2.0,
    }
    for id, value in hand.items():
        assert found[id] == pytest.approx(value, rel=1e-15), id


def test_nre_c_at_one_contrast_is_binary_and_at_large_gamma_ranking():
    """K = 1: binary NCE with nu = 1/gamma, over 1 + gamma; gamma to infinity: a softmax over the row."""
    rng = np.random.default_rng(0)
    m, f, gamma = rng.normal(size=(5, 1)), rng.normal(size=(5, 1)), 1.7
    value = as_sbi(m, f, gamma)["value"]
    binary = gamma * softplus_of(math.log(1 / gamma) - f).mean()
    binary += softplus_of(m - math.log(1 / gamma)).mean()
    assert value == pytest.approx(binary / (1 + gamma), rel=1e-14)
    m, f = rng.normal(size=(4, 3)), rng.normal(size=(4, 3))
    assert as_sbi(m, f, 1e9)["value"] == pytest.approx(softmax_rows(f)[0], rel=1e-7)


def softplus_of(t):
    return np.logaddexp(0.0, t)


def test_a_constant_cancels_in_ranking_and_not_in_nre():
    vector = oracle.cases(RANKING)[6]
    inputs = {name: np.asarray(value).tolist() for name, value in vector.inputs.items()}
    moved = {
        **inputs,
        "log_model_data": [v + 64.0 for v in inputs["log_model_data"]],
        "log_model_noise": [[v + 64.0 for v in row] for row in inputs["log_model_noise"]],
    }
    assert exact_models.ranking_nce(**inputs) == exact_models.ranking_nce(**moved)
    rows = [[0.5, 1.0]]
    assert exact_models.nre_c(rows, rows, 2.0) != exact_models.nre_c(
        [[1.5, 2.0]], [[1.5, 2.0]], 2.0
    )


def test_slips_that_are_none_there_cancel():
    """A factor of p_n does, whatever it is: the same numbers to rounding."""
    objective = OBJECTIVES[LAPLACE]
    assert objective.right_there
    inputs = next(v for v in oracle.cases(LAPLACE) if "random/n-4" in v.id).arguments()
    right = objective.evaluate(objective.right, inputs)
    for id in objective.right_there:
        found = objective.evaluate(laid_over(find_mistake(id).steps, objective.right), inputs)
        for name, want in right.items():
            assert np.allclose(found[name], want, rtol=1e-12, atol=1e-13), id


def test_bad_inputs_are_refused():
    with pytest.raises(ValueError, match=r"gamma: got 0\.0; expected"):
        exact_models.nre_c([[0.0]], [[0.0]], 0.0)
    with pytest.raises(ValueError, match="logits_marginal: got 2 rows; expected 1"):
        exact_models.nre_c([[0.0]] * 2, [[0.0]], 1.0)
    with pytest.raises(ValueError, match="log_model_noise, log_noise_noise: got 1 and 2 rows"):
        exact_models.ranking_nce([0.0], [[0.0]], [0.0], [[0.0]] * 2)
    with pytest.raises(ValueError, match="y: got"):
        exact_models.laplace_ica_ranking_nce([[1.0]], [[1.0]], [[[1.0]]] * 2, [0.0], [[1.0]])
    with pytest.raises(ValueError, match="noise_cov"):
        exact_models.laplace_ica_ranking_nce([[1.0]], [[1.0]], [[[1.0]]], [0.0], [[0.0]])


# --- what is said of wrong ones
# -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "id", "relative"),
    [
        (RANKING, "binary-nce-given", True),
        (LAPLACE, "binary-nce-of-model-given", True),
        (NRE, "nre-a-given", True),
        (NRE, "nre-b-given", True),
        (RANKING, "ranking-no-log-pn-data", False),
        (RANKING, "info-nce-positive-left-out", False),
        (LAPLACE, "ranking-log-pn-added", False),
        (LAPLACE, "laplace-scale", False),
        (NRE, "nre-weights-k-gamma", False),
        (NRE, "nre-no-gamma", False),
    ],
)
def test_relatives_and_slips_are_named_from_the_value_alone(name, id, relative):
    found = (
        next(r for r in relatives(name) if r.id == id).evaluate
        if relative
        else lambda inputs: find_mistake(id).evaluate(name, inputs)
    )
    best = oracle.check(lambda **inputs: found(inputs)["value"], name).diagnosis.best
    assert (best.kind, best.id) == ("other objective" if relative else "mistake", id)


def relatives(name):
    from nce_ref.oracle.diagnosis.relatives import relatives_of

    return relatives_of(OBJECTIVES[name])


def test_the_packages_sense_is_told():
    """J, which is maximised, where a loss is expected: the report prints the sense to declare."""

    def impl(**inputs):
        return {name: -x for name, x in by_softmax(**inputs).items()}

    best = oracle.check(impl, RANKING).diagnosis.best
    assert best.kind == "convention" and 'sense="maximise"' in best.remedy
    assert oracle.check(impl, RANKING, convention=oracle.Convention()).ok


def test_a_kink_of_the_other_sign_is_a_choice():
    """JAX's derivative of |s| at 0 is 1."""

    def impl(B, x, y, noise_mean, noise_cov):
        points = np.concatenate([x[:, None], y], axis=1)
        s = points @ B.T
        found = of_laplace(B, x, y, noise_mean, noise_cov)
        law = multivariate_normal(noise_mean, noise_cov).logpdf(points).reshape(points.shape[:2])
        g = softmax_rows(-math.sqrt(2) * np.abs(s).sum(axis=2) - law)[1]
        slope = np.where(s >= 0, 1.0, -1.0)
        return {**found, "grad_B": -math.sqrt(2) * np.einsum("nk,nki,nkj->ij", g, slope, points)}

    report = oracle.check(impl, LAPLACE)
    assert report.ok, str(report)
    assert sum(result.status == CHOICE for result in report.results) >= 2
