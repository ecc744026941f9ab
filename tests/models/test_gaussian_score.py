"""gaussian_score.py: the definition by a loop, differences, and the minimum in closed form."""

from __future__ import annotations

import numpy as np
import pytest

import nce_ref as nr
from nce_ref.gradcheck import check_jacobian
from nce_ref.models.gaussian_score import GaussianScoreMatching

MODEL = nr.Gaussian(3)
RNG = np.random.default_rng(3)
U = RNG.standard_normal((20, 3))
ROOT = RNG.standard_normal((3, 3))
THETA = MODEL.pack(ROOT @ ROOT.T, 0.0)


def once(alpha):
    return GaussianScoreMatching(MODEL.unpack(np.append(alpha, 0.0))[0], U)


def test_the_loss_is_the_definition():
    precision = MODEL.unpack(THETA)[0]
    loss = sum(
        0.5 * sum(s**2 for s in -precision @ u) - sum(precision[j, j] for j in range(3)) for u in U
    )
    assert once(THETA[:-1]).total == pytest.approx(loss, rel=1e-12)


def test_gradient_and_hessian_agree_with_differences():
    report = nr.check_gradient(lambda a: (once(a).total, once(a).gradient()[:-1]), THETA[:-1])
    assert report.ok, str(report)
    report = check_jacobian(
        lambda a: (once(a).gradient()[:-1], once(a).hessian()[:-1, :-1]), THETA[:-1]
    )
    assert report.ok, str(report)

    def single(a):
        return once(a).total, np.where(np.arange(6) == 1, 0.5, 1.0) * once(a).gradient()[:-1]

    assert not nr.check_gradient(single, THETA[:-1]).ok  # an entry off the diagonal counted once


def test_its_minimum_is_the_inverse_second_moment():
    best = MODEL.pack(np.linalg.inv(U.T @ U / 20), 0.0)
    assert np.abs(once(best[:-1]).gradient()).max() <= 1e-11 * 20
    assert np.linalg.eigvalsh(once(best[:-1]).hessian()[:-1, :-1])[0] > 0.0
