r"""Maximise a concave quadratic with ridges: the model of a kinked objective around a point.

    m(d) = g.d - 1/2 d.H d - sum_k w_k |r_k + a_k.d|,    H positive definite, w_k >= 0

The dual is a quadratic over a box: with multipliers lambda_k in [-w_k, w_k], H d = g - A^T lambda, and at the maximum
lambda_k = w_k sign(r_k + a_k.d) where the ridge is not met, anything between where it is (r_k + a_k.d = 0, *active*).

Conventions
-----------
gradient (n,), hessian (n, n) = H     directions A (k, n), arguments r (k,), weights w (k,)
step d (n,), multipliers lambda (k,), active (k,) bool

Two stages. An interior-point method (Mehrotra's predictor-corrector on r + A d = p - q, p, q >= 0, whose partners are
w - lambda and w + lambda) finds which ridges are active in some ten steps, however many there are; each costs one n x n
solve. Then the equality-constrained quadratic on the active ridges is solved exactly, so that the caller's Newton
iteration on the active manifold converges quadratically and lands on the kinks to rounding.
SciPy's ``lsq_linear`` takes boxes but no linear term outside the range of A, which r is when k > n; hence our own.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve

from nce_ref._checks import Float

# The complementarity gap at which the interior point stops: the active set is plain long before.
_GAP = 1e-9
_MAX_INTERIOR_STEPS = 60
_MAX_REPAIRS = 10


@dataclass(frozen=True)
class KinkedStep:
    """The maximiser d, the multipliers, and whether d is exact: the active set was confirmed by its signs and multipliers."""

    step: Float
    active: NDArray[np.bool_]
    exact: bool


def solve_kinked_quadratic(
    gradient: Float, hessian: Float, curved: Float, directions: Float, arguments: Float, weights: Float
) -> KinkedStep:
    """Return the maximiser of m. ``hessian`` is positive definite; ``curved`` is the true -Hessian, perhaps indefinite.

    The interior point works with ``hessian``. The exact stage takes ``curved`` where it is positive definite along the
    active ridges, since only the true curvature gives quadratic convergence there.
    """
    if len(arguments) == 0:
        return KinkedStep(_newton(gradient, hessian, curved), np.zeros(0, bool), True)
    step, multipliers = _interior_point(gradient, hessian, directions, arguments, weights)
    # At the solution of either side's complementarity one of the two is 0; which is smaller tells which.
    distance = np.abs(arguments + directions @ step) / np.abs(arguments).max(initial=np.finfo(float).tiny)
    slack = 1.0 - np.abs(multipliers) / np.maximum(weights, np.finfo(float).tiny)
    active, signs = distance < slack, np.sign(multipliers)
    for _ in range(_MAX_REPAIRS):
        pull = gradient - directions[~active].T @ (weights * signs)[~active]
        solved = _on_manifold(pull, hessian, curved, directions[active], arguments[active])
        if solved is None:
            break
        exact_step, exact_multipliers = solved
        beyond = np.zeros(len(active), bool)
        beyond[active] = np.abs(exact_multipliers) > weights[active]
        signs[active] = np.sign(exact_multipliers)
        crossed = ~active & ((arguments + directions @ exact_step) * signs < 0.0)
        if not beyond.any() and not crossed.any():
            return KinkedStep(exact_step, active, True)
        active = (active & ~beyond) | crossed
    return KinkedStep(step, distance < slack, False)


def _newton(gradient: Float, hessian: Float, curved: Float) -> Float:
    try:
        return np.asarray(cho_solve(cho_factor(curved), gradient))
    except np.linalg.LinAlgError:
        return np.asarray(np.linalg.solve(hessian, gradient), dtype=np.float64)


def _on_manifold(pull: Float, hessian: Float, curved: Float, A: Float, r: Float) -> tuple[Float, Float] | None:
    """Maximise pull.d - 1/2 d.H d subject to r + A d = 0, by A's null space; None where the ridges are dependent."""
    k, n = A.shape
    if k > n:
        return None
    Q, R = np.linalg.qr(A.T, mode="complete")
    R = R[:k]
    if k and np.abs(np.diag(R)).min() <= 1e-12 * np.abs(np.diag(R)).max():
        return None
    range_, null = Q[:, :k], Q[:, k:]
    onto = range_ @ np.linalg.solve(R.T, -r) if k else np.zeros(n)
    for H in (curved, hessian):
        try:
            factor = cho_factor(null.T @ H @ null) if k < n else None
        except np.linalg.LinAlgError:
            continue
        along = null @ cho_solve(factor, null.T @ (pull - H @ onto)) if factor is not None else 0.0
        step = onto + along
        return step, (np.linalg.solve(R, range_.T @ (pull - H @ step)) if k else np.zeros(0))
    return None


def _interior_point(g: Float, H: Float, A: Float, r: Float, w: Float) -> tuple[Float, Float]:
    """Return (d, lambda) with the complementarity gap below ``_GAP`` of its scale, or the best reached."""
    scale = max(float(np.abs(r).max()), 1e-150)
    w = np.maximum(w, 1e-150)
    p, q = np.maximum(r, 0.0) + 0.1 * scale, np.maximum(-r, 0.0) + 0.1 * scale
    at = _Interior(d=np.zeros(len(g)), lam=np.zeros(len(r)), p=p, q=q, above=w, below=w)
    for _ in range(_MAX_INTERIOR_STEPS):
        dual, primal = g - H @ at.d - A.T @ at.lam, r + A @ at.d - (at.p - at.q)
        gap = at.gap()
        if gap <= _GAP * scale * w.sum() and np.abs(primal).max() <= _GAP * scale and np.abs(dual).max() <= _GAP * w.max():
            break
        D = 1.0 / (at.p / at.above + at.q / at.below)
        try:
            factor = cho_factor(H + (A.T * D) @ A)
        except np.linalg.LinAlgError:
            break  # the active D have outgrown float64: the active set is as plain as it will be
        system = (A, D, dual, primal, factor)
        affine = at.newton(*system, -at.p * at.above, -at.q * at.below)
        target = (at.moved(affine, at.longest(affine)).gap() / gap) ** 3 * gap / (2 * len(r))
        step = at.newton(
            *system, target - at.p * at.above - affine.p * affine.above, target - at.q * at.below - affine.q * affine.below
        )
        at = at.moved(step, min(1.0, 0.999 * at.longest(step)))
    return at.d, at.lam


@dataclass(frozen=True)
class _Interior:
    """d, lambda, and the four positive vectors: r + A d = p - q, above = w - lambda, below = w + lambda. Or a step in them."""

    d: Float
    lam: Float
    p: Float
    q: Float
    above: Float
    below: Float

    def gap(self) -> float:
        return float(self.p @ self.above + self.q @ self.below)

    def newton(self, A: Float, D: Float, dual: Float, primal: Float, factor: tuple[Float, bool], up: Float, down: Float) -> _Interior:
        """The Newton step towards p * above += up, q * below += down and no residuals; all but d is eliminated."""
        t = primal - up / self.above + down / self.below
        d = cho_solve(factor, dual - A.T @ (D * t))
        lam = D * (A @ d + t)
        return _Interior(d, lam, (up + self.p * lam) / self.above, (down - self.q * lam) / self.below, -lam, lam)

    def longest(self, step: _Interior) -> float:
        """The longest multiple of ``step``, up to 1/0.999, that keeps the four vectors at 0 or above."""
        pairs = ((self.p, step.p), (self.q, step.q), (self.above, step.above), (self.below, step.below))
        return 1.0 / max(0.999, *(float((-dz / z).max()) for z, dz in pairs))

    def moved(self, step: _Interior, length: float) -> _Interior:
        return _Interior(
            self.d + length * step.d,
            self.lam + length * step.lam,
            self.p + length * step.p,
            self.q + length * step.q,
            self.above + length * step.above,
            self.below + length * step.below,
        )
