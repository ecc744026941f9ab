"""laplace_ica_score.py: against loops over the definition, with the score differentiated by complex step, and
differences of B."""

from __future__ import annotations

import cmath
import math

import numpy as np
import pytest

import nce_ref as nr
from nce_ref.gradcheck import check_jacobian
from nce_ref.models.laplace_ica_score import LaplaceICAScoreMatching

STEP = 1e-30


def psi(B, u, slope):
    """The smoothed score at one point, complex-safe: sum_i g(b_i . u) b_i."""
    n = len(B)
    total = [0.0] * n
    for i in range(n):
        s = sum(B[i][j] * u[j] for j in range(n))
        for j in range(n):
            total[j] = total[j] - math.sqrt(2.0) * cmath.tanh(slope * s) * B[i][j]
    return total


def textbook(B, u, slope):
    """sum_t 1/2 |Psi|^2 + div Psi, the divergence by complex step."""
    loss = 0.0
    for point in u:
        loss += 0.5 * sum(p.real**2 for p in psi(B, point, slope))
        for j in range(len(B)):
            moved = point.astype(complex)
            moved[j] += 1j * STEP
            loss += psi(B, moved, slope)[j].imag / STEP
    return loss


def problem(n, seed=0):
    rng = np.random.default_rng([n, seed])
    return rng.standard_normal((n, n)) + np.eye(n), rng.laplace(size=(17, n))


@pytest.mark.parametrize("n", [1, 2, 4])
@pytest.mark.parametrize("slope", [0.7, 10.0])
def test_the_loss_is_the_definition(n, slope):
    B, u = problem(n)
    got = LaplaceICAScoreMatching(B, u, slope).total
    assert got == pytest.approx(textbook(B, u, slope), rel=1e-12)
    flipped = -B[::-1]
    assert got == pytest.approx(LaplaceICAScoreMatching(flipped, u, slope).total, rel=1e-12)


@pytest.mark.parametrize("n", [1, 2, 3])
def test_gradient_and_hessian_agree_with_differences(n):
    B, u = problem(n, seed=1)
    once = lambda b: LaplaceICAScoreMatching(b.reshape(n, n), u, 2.5)  # noqa: E731
    report = nr.check_gradient(lambda b: (once(b).total, once(b).gradient()[:-1]), B.ravel())
    assert report.ok, str(report)
    report = check_jacobian(
        lambda b: (once(b).gradient()[:-1], once(b).hessian()[:-1, :-1]), B.ravel()
    )
    assert report.ok, str(report)
    assert (
        once(B).gradient()[-1] == 0.0
        and not once(B).hessian()[-1].any()
        and not once(B).hessian()[:, -1].any()
    )


def test_planted_slips_are_seen():
    B, u = problem(2, seed=2)
    once = lambda b: LaplaceICAScoreMatching(b.reshape(2, 2), u, 2.5)  # noqa: E731

    def without_the_last_term(b):
        right = once(b)
        return right.total, right.gradient()[:-1] - (
            2.0 * right._phi1.sum(axis=1)[:, None] * right.B
        ).ravel()

    def half_the_curvature_term(b):
        right = once(b)
        return right.total, right.gradient()[:-1] - 0.5 * (
            right._phi2() * np.diag(right._M)[:, None] @ u
        ).ravel()

    for plant in (without_the_last_term, half_the_curvature_term):
        assert not nr.check_gradient(plant, B.ravel()).ok


def test_a_steep_slope_overflows_nothing():
    B, u = problem(3)
    with np.errstate(all="raise", under="ignore"):
        for slope in (1e3, 1e6):
            once = LaplaceICAScoreMatching(B, u, slope)
            assert (
                np.isfinite(once.total)
                and np.isfinite(once.gradient()).all()
                and np.isfinite(once.hessian()).all()
            )
    # No point within 1/slope of a kink: what is left is 1/2 |Psi|^2 of the unsmoothed score.
    theta = nr.LaplaceICA(3).pack(B, 0.0)
    assert once.total == pytest.approx(
        0.5 * np.square(nr.LaplaceICA(3).score(theta, u)).sum(), rel=1e-12
    )


@pytest.mark.parametrize("slope", [0.0, -1.0, math.nan, math.inf])
def test_a_slope_not_above_0_is_refused(slope):
    model = nr.LaplaceICA(2)
    with pytest.raises(ValueError, match="slope: "):
        model.score_matching(model.pack(np.eye(2), 0.0), np.ones((3, 2)), slope)
