r"""Maximise a concave quadratic with ridges: the model of a kinked objective around a point.

    m(d) = g.d - 1/2 d.H d - sum_k w_k |r_k + a_k.d|,    H positive definite, w_k >= 0

The dual is a quadratic over a box: with multipliers lambda_k in [-w_k, w_k], H d = g - A^T lambda, and at the maximum
lambda_k = w_k sign(r_k + a_k.d) where the ridge is not met, anything between where it is (r_k + a_k.d = 0, *active*).

Conventions
-----------
gradient (n,), curvature (n, n) = H = minus a Hessian     directions A (k, n), arguments r (k,), weights w (k,)
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
from scipy.linalg import qr
from scipy.linalg.lapack import dpotrf, dpotrs
from scipy.optimize import lsq_linear

from nce_ref._checks import Float

# The complementarity gap at which the interior point stops: the active set is plain long before.
_GAP = 1e-12
_MAX_INTERIOR_STEPS = 60
_MAX_REPAIRS = 10
# Ridges of relative force below this are left out; ridges dependent to this are taken as exactly so.
_NEGLIGIBLE = 1e-40
_DEPENDENT = 1e-12
# Ridges this much nearer than the farthest are taken for met by the step that led here.
_MET = 1e-10


@dataclass(frozen=True)
class KinkedStep:
    """The maximiser d, which ridges it meets, and whether d is exact: their set was confirmed by its signs and
    multipliers."""

    step: Float
    active: NDArray[np.bool_]
    exact: bool


def solve_kinked_quadratic(
    gradient: Float,
    curvature: Float,
    true_curvature: Float,
    directions: Float,
    arguments: Float,
    weights: Float,
) -> KinkedStep:
    """Return the maximiser of m. ``curvature`` is H, positive definite; ``true_curvature`` is the true one, perhaps
    indefinite.

    The interior point works with ``curvature``. The exact stage takes ``true_curvature`` where it is positive definite
    along the active ridges, since only the true curvature gives quadratic convergence there.
    """
    # In unit directions arguments are distances and weights forces, comparable from ridge to ridge. One without force
    # bends nothing, and its box of no width would take the interior point out of float64.
    lengths = np.linalg.norm(directions, axis=1)
    forces = weights * lengths
    kept = forces > _NEGLIGIBLE * forces.max(initial=float(np.abs(gradient).max()))
    lengths, active = lengths[kept], np.zeros(len(kept), bool)
    directions, arguments, weights = (
        directions[kept] / lengths[:, None],
        arguments[kept] / lengths,
        forces[kept],
    )
    if len(arguments) == 0:
        return KinkedStep(_newton(gradient, curvature, true_curvature), active, True)
    solved = _solve(gradient, curvature, true_curvature, directions, arguments, weights)
    active[kept] = solved.active
    return KinkedStep(solved.step, active, solved.exact)


def _solve(
    gradient: Float,
    curvature: Float,
    true_curvature: Float,
    directions: Float,
    arguments: Float,
    weights: Float,
) -> KinkedStep:
    """The same for unit directions and weights above 0."""
    # After an exact step the ridges it met stand at 0 to rounding, and are mostly those of the next step too.
    met = np.abs(arguments) <= _MET * np.abs(arguments).max()
    if met.any():
        again = _repaired(
            gradient, true_curvature, directions, arguments, weights, met, np.sign(arguments), 1
        )
        if again is not None:
            return again
    # Every argument may be 0, on a point where all ridges meet: then the plain Newton step gives the unit of length.
    newton = float(np.linalg.norm(np.linalg.solve(curvature, gradient)))
    scale = max(float(np.abs(arguments).max()), 1e-8 * newton, 1e-150)
    step, multipliers = _interior_point(gradient, curvature, directions, arguments, weights, scale)
    # At the solution of either side's complementarity one of the two is 0; which is smaller tells which.
    distance = np.abs(arguments + directions @ step) / scale
    slack = 1.0 - np.abs(multipliers) / weights
    active, signs = distance < slack, np.sign(multipliers)
    # The true curvature first, for Newton's convergence. Where its step disagrees with these ridges, that is no mistake
    # of theirs: the two quadratics have different maxima, and the definite one, whose ridges they are, still gives an
    # ascent.
    for H, repairs in ((true_curvature, 1), (curvature, _MAX_REPAIRS)):
        found = _repaired(gradient, H, directions, arguments, weights, active, signs, repairs)
        if found is not None:
            return found
    return KinkedStep(step, active, False)


def _repaired(
    gradient: Float,
    H: Float,
    directions: Float,
    arguments: Float,
    weights: Float,
    active: NDArray[np.bool_],
    signs: Float,
    repairs: int,
) -> KinkedStep | None:
    """The exact maximiser for these active ridges, or for those a few repairs away; None where none is confirmed."""
    signs = signs.copy()
    for _ in range(repairs):
        pull = gradient - directions[~active].T @ (weights * signs)[~active]
        solved = _on_manifold(pull, H, directions[active], arguments[active], weights[active])
        if solved is None:
            return None
        step, multipliers = solved
        excess = np.zeros(len(active))
        excess[active] = np.abs(multipliers) / weights[active]
        signs[active] = np.sign(multipliers)
        crossed = ~active & ((arguments + directions @ step) * signs < 0.0)
        worst = float(excess.max())
        if worst <= 1.0 and not crossed.any():
            return KinkedStep(step, active, True)
        # One ridge taken for active by mistake drags d across hundreds and spoils the other multipliers: let go of the
        # worst first, and believe what was crossed only when none is left.
        active = active & (excess < max(1.0, 0.1 * worst)) if worst > 1.0 else active | crossed
    return None


def _newton(gradient: Float, curvature: Float, true_curvature: Float) -> Float:
    try:
        return _solved(_factored(true_curvature), gradient)
    except np.linalg.LinAlgError:
        return np.asarray(np.linalg.solve(curvature, gradient), dtype=np.float64)


# By LAPACK's own names: ``cho_factor`` and ``cho_solve`` take ten times as long for 17 unknowns, hundreds of times a
# fit.
def _factored(matrix: Float) -> Float:
    """The Cholesky factor; LinAlgError where the matrix is not positive definite (or NaN)."""
    factor, failed = dpotrf(matrix)
    if failed:
        raise np.linalg.LinAlgError("not positive definite")
    return np.asarray(factor)


def _solved(factor: Float, right: Float) -> Float:
    return np.asarray(dpotrs(factor, right)[0])


def _on_manifold(pull: Float, H: Float, A: Float, r: Float, w: Float) -> tuple[Float, Float] | None:
    """Maximise pull.d - 1/2 d.H d subject to r + A d = 0, by A's null space.

    None where the ridges do not meet, or H is not positive definite along them. Dependent ridges (a point that occurs
    twice, lattice data) meet or not as their arguments have it. Where they do, many multipliers give one d; the
    shortest within the weights is taken, and those outside say which ridges to let go.
    """
    k, n = A.shape
    Q, R, order = qr(A.T, pivoting=True)
    rank = int(np.sum(np.abs(np.diag(R)) > _DEPENDENT))
    range_, null, R = Q[:, :rank], Q[:, rank:], R[:rank, :rank]
    onto = range_ @ np.linalg.solve(R.T, -r[order[:rank]])
    if rank < k and (np.abs(r + A @ onto) > _DEPENDENT * (np.abs(r) + np.linalg.norm(onto))).any():
        return None
    step = onto
    if rank < n:
        try:
            step = onto + null @ _solved(_factored(null.T @ H @ null), null.T @ (pull - H @ onto))
        except np.linalg.LinAlgError:
            return None
    force = range_.T @ (pull - H @ step)
    if rank < k:
        return step, _shared_multipliers(range_.T @ A.T, force, w)
    multipliers = np.empty(k)
    multipliers[order] = np.linalg.solve(R, force)
    return step, multipliers


def _shared_multipliers(pulls: Float, force: Float, w: Float) -> Float:
    """Multipliers within w of dependent ridges with pulls @ multipliers = force; where there are none, the shortest
    without bounds."""
    shares = lsq_linear(pulls * w, force, bounds=(-1.0, 1.0), method="bvls", tol=1e-15).x
    short = float(np.linalg.norm(pulls @ (w * shares) - force))
    if short <= 1e-12 * (float(np.linalg.norm(force)) + float(np.linalg.norm(pulls * w))):
        return np.asarray(w * shares, dtype=np.float64)
    return np.asarray(w * np.linalg.lstsq(pulls * w, force)[0], dtype=np.float64)


def _interior_point(
    g: Float, H: Float, A: Float, r: Float, w: Float, scale: float
) -> tuple[Float, Float]:
    """Return (d, lambda) with the complementarity gap below ``_GAP`` of its scale, or the best reached."""
    p, q = np.maximum(r, 0.0) + 0.1 * scale, np.maximum(-r, 0.0) + 0.1 * scale
    at = _Interior(d=np.zeros(len(g)), lam=np.zeros(len(r)), p=p, q=q, above=w, below=w)
    for _ in range(_MAX_INTERIOR_STEPS):
        dual, primal = g - H @ at.d - A.T @ at.lam, r + A @ at.d - (at.p - at.q)
        gap = at.gap()
        if (
            gap <= _GAP * scale * w.sum()
            and np.abs(primal).max() <= _GAP * scale
            and np.abs(dual).max() <= _GAP * w.max()
        ):
            break
        D = 1.0 / (at.p / at.above + at.q / at.below)
        try:
            factor = _factored(H + (A.T * D) @ A)
        except np.linalg.LinAlgError:
            break  # the active D have outgrown float64: the active set is as plain as it will be
        system = (A, D, dual, primal, factor)
        affine = at.newton(*system, -at.p * at.above, -at.q * at.below)
        target = (at.moved(affine, at.longest(affine)).gap() / gap) ** 3 * gap / (2 * len(r))
        step = at.newton(
            *system,
            target - at.p * at.above - affine.p * affine.above,
            target - at.q * at.below - affine.q * affine.below,
        )
        at = at.moved(step, min(1.0, 0.999 * at.longest(step)))
    return at.d, at.lam


@dataclass(frozen=True)
class _Interior:
    """d, lambda, and the four positive vectors: r + A d = p - q, above = w - lambda, below = w + lambda. Or a step in
    them."""

    d: Float
    lam: Float
    p: Float
    q: Float
    above: Float
    below: Float

    def gap(self) -> float:
        return float(self.p @ self.above + self.q @ self.below)

    def newton(
        self, A: Float, D: Float, dual: Float, primal: Float, factor: Float, up: Float, down: Float
    ) -> _Interior:
        """The Newton step towards p * above += up, q * below += down and no residuals; all but d is eliminated."""
        t = primal - up / self.above + down / self.below
        d = _solved(factor, dual - A.T @ (D * t))
        lam = D * (A @ d + t)
        return _Interior(
            d, lam, (up + self.p * lam) / self.above, (down - self.q * lam) / self.below, -lam, lam
        )

    def longest(self, step: _Interior) -> float:
        """The longest multiple of ``step``, up to 1/0.999, that keeps the four vectors at 0 or above."""
        pairs = (
            (self.p, step.p),
            (self.q, step.q),
            (self.above, step.above),
            (self.below, step.below),
        )
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
