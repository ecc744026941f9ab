"""InfoNCE: right forms pass, values by hand, the exact numbers against an independent form, and what its mistakes
do."""

from __future__ import annotations

import math
from decimal import Decimal, localcontext

import numpy as np
import pytest
from scipy.special import log_softmax, logsumexp

from nce_ref import oracle
from nce_ref.oracle.families.ranking import exact
from nce_ref.oracle.families.ranking.objectives import FAMILY, INFO_NCE_FROM_LOGITS

NAME = "info_nce_from_logits"


def joined(positive, negatives):
    return np.concatenate([positive[:, None], negatives], axis=1)


def answer(value, grad):
    return {"value": value, "grad_logit_positive": grad[:, 0], "grad_logits_negative": grad[:, 1:]}


def cross_entropy(logit_positive, logits_negative):
    """As frameworks have it: log-softmax by the row's largest logit, label 0; softmax less one-hot."""
    s = joined(logit_positive, logits_negative)
    centred = s - s.max(axis=1, keepdims=True)
    log_p = centred - np.log(np.exp(centred).sum(axis=1, keepdims=True))
    label = np.zeros_like(s)
    label[:, 0] = 1.0
    return answer(-log_p[:, 0].mean(), (np.exp(log_p) - label) / s.dtype.type(len(s)))


def by_scipy(logit_positive, logits_negative):
    s = joined(logit_positive, logits_negative)
    grad = np.exp(log_softmax(s, axis=1))
    grad[:, 0] = -np.exp(logsumexp(s[:, 1:], axis=1) - logsumexp(s, axis=1))
    return answer((logsumexp(s, axis=1) - s[:, 0]).mean(), grad / s.dtype.type(len(s)))


def one_row_after_the_other(logit_positive, logits_negative):
    """Running sums, as a program in C would have them."""
    s = joined(logit_positive, logits_negative)
    value, grad = s.dtype.type(0.0), np.zeros_like(s)
    for row, out in zip(s, grad):
        top, total = row.max(), s.dtype.type(0.0)
        for entry in row:
            total += np.exp(entry - top)
        value += np.log(total) + (top - row[0])
        out += np.exp(row - top) / total
        out[0] -= 1.0
    return answer(value / s.dtype.type(len(s)), grad / s.dtype.type(len(s)))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("form", [cross_entropy, by_scipy, one_row_after_the_other])
def test_right_forms_pass(form, dtype):
    report = oracle.check(form, NAME, dtype=dtype)
    assert report.ok, str(report)


def test_a_loss_is_what_is_expected_and_its_negative_is_told():
    report = oracle.check(lambda **inputs: -cross_entropy(**inputs)["value"], NAME)
    assert not report.ok and report.diagnosis.best.kind == "convention"
    declared = oracle.Convention(sense="maximise")
    turned = {name: -x for name, x in cross_entropy(np.ones(2), np.zeros((2, 3))).items()}
    assert turned["value"] < 0.0
    assert oracle.check(
        lambda **inputs: {name: -x for name, x in cross_entropy(**inputs).items()},
        NAME,
        convention=declared,
    ).ok


def test_log_ratios_handed_to_it_are_told():
    """All noise points as negatives of every datum: another estimator than NCE, and a loss."""

    def impl(log_ratio_data, log_ratio_noise, nu):
        rows = np.tile(log_ratio_noise, (len(log_ratio_data), 1))
        return cross_entropy(log_ratio_data, rows)["value"]

    best = oracle.check(impl, "nce_from_log_ratios").diagnosis.best
    assert (best.kind, best.id) == ("other objective", "info-nce-given")
    assert f'"{NAME}"' in best.remedy and 'sense="minimise"' in best.remedy


@pytest.mark.parametrize("temperature", [0.03, 0.4])
def test_a_temperature_twice_is_named_with_its_value(temperature):
    """From the value alone, at a temperature that nobody listed."""

    def impl(logit_positive, logits_negative):
        return cross_entropy(logit_positive / temperature, logits_negative / temperature)["value"]

    best = oracle.check(impl, NAME).diagnosis.best
    assert (best.id, best.value) == ("info-nce-tempered", temperature)


def test_values_by_hand():
    chance = exact.info_nce_from_logits([2.5], [[2.5] * 3])
    assert float(chance["value"]) == pytest.approx(math.log(4.0), rel=1e-15)
    assert float(chance["grad_logit_positive"][0]) == -0.75
    assert [float(g) for g in chance["grad_logits_negative"][0]] == [0.25] * 3
    two = exact.info_nce_from_logits([0.0, 1.0], [[0.0], [-1.0]])
    assert float(two["value"]) == pytest.approx(
        (math.log(2.0) + math.log1p(math.exp(-2.0))) / 2, rel=1e-15
    )
    # A constant of a row cancels, exactly.
    assert exact.info_nce_from_logits([101.0], [[100.0, 99.5]]) == exact.info_nce_from_logits(
        [1.0], [[0.0, -0.5]]
    )


@pytest.mark.parametrize("vector", oracle.cases(NAME), ids=lambda v: v.id)
def test_the_decimals_are_those_of_plain_sums_of_exponentials(vector):
    """With digits enough nothing needs care: e^s as it stands, softmax, minus its logarithm."""
    positive, negatives = vector.inputs["logit_positive"], vector.inputs["logits_negative"]
    found = exact.info_nce_from_logits(positive.tolist(), negatives.tolist())
    n, reach = len(positive), float(np.ptp(joined(positive, negatives)))
    with localcontext() as context:
        context.prec = 60 + math.ceil(reach / math.log(10.0))
        losses = []
        for i in range(n):
            powers = [Decimal(s).exp() for s in [positive[i], *negatives[i]]]
            total = sum(powers)
            p = [power / total for power in powers]
            losses.append(-p[0].ln())
            wants = [(p[0] - 1) / n, *(q / n for q in p[1:])]
            gots = [found["grad_logit_positive"][i], *found["grad_logits_negative"][i]]
            assert all(abs(got / want - 1) < Decimal("1e-39") for got, want in zip(gots, wants))
        assert abs(found["value"] / (sum(losses) / n) - 1) < Decimal("1e-39")


def test_derivatives_are_those_of_the_value():
    rng, h = np.random.default_rng(1), 1e-6
    positive, negatives = rng.standard_normal(3), rng.standard_normal((3, 4))
    right = INFO_NCE_FROM_LOGITS.right

    def value(p, q):
        return INFO_NCE_FROM_LOGITS.evaluate(right, {"logit_positive": p, "logits_negative": q})[
            "value"
        ]

    found = INFO_NCE_FROM_LOGITS.evaluate(
        right, {"logit_positive": positive, "logits_negative": negatives}
    )
    for i in range(3):
        e = h * (np.arange(3) == i)
        slope = (value(positive + e, negatives) - value(positive - e, negatives)) / (2 * h)
        assert slope == pytest.approx(found["grad_logit_positive"][i], abs=1e-9)
        for j in range(4):
            e = h * np.outer(np.arange(3) == i, np.arange(4) == j)
            slope = (value(positive, negatives + e) - value(positive, negatives - e)) / (2 * h)
            assert slope == pytest.approx(found["grad_logits_negative"][i, j], abs=1e-9)


def test_bad_inputs_are_refused():
    with pytest.raises(ValueError, match="logits_negative: got 1 rows; expected 2"):
        exact.info_nce_from_logits([0.0, 1.0], [[0.0]])
    with pytest.raises(ValueError, match="logits_negative"):
        exact.info_nce_from_logits([0.0, 1.0], [[0.0], [0.0, 1.0]])
    with pytest.raises(ValueError, match="logit_positive"):
        exact.info_nce_from_logits([math.nan], [[0.0]])


def test_leaving_the_positive_out_falls_for_ever_and_the_right_loss_does_not():
    """Four equiprobable deterministic pairs, f = s 1[y = x], m = 3 negatives of p(y): P(no match) = (3/4)^3 a row."""
    (mistake,) = [
        m for _, group in FAMILY.mistakes for m in group if m.id == "info-nce-positive-left-out"
    ]

    def losses(s):
        # All 4^3 draws of negatives for the datum x = 0; the other data are the same by symmetry.
        draws = np.stack(np.meshgrid(*[np.arange(4)] * 3), axis=-1).reshape(-1, 3)
        inputs = {"logit_positive": np.full(len(draws), s), "logits_negative": s * (draws == 0.0)}
        return [
            INFO_NCE_FROM_LOGITS.evaluate(steps, inputs)["value"]
            for steps in (mistake.steps, INFO_NCE_FROM_LOGITS.right)
        ]

    # Enumerated: 0.41, -1.5, -10, -52.
    assert [
        round(losses(s)[0], 2 if s == 1 else 1 if s == 5 else 0) for s in (1.0, 5.0, 25.0, 125.0)
    ] == [0.41, -1.5, -10, -52]
    # The right one settles at the cost of matches among the negatives: E ln(1 + number of matches).
    matches = sum(math.comb(3, k) * 3 ** (3 - k) / 64 * math.log(1 + k) for k in range(4))
    assert losses(1000.0)[1] == pytest.approx(matches, rel=1e-12)
