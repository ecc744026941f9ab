r"""The ICA model of P10 section 3.1: n independent Laplace sources of unit variance, seen through a square mixing
matrix.

    ln p_m(u; theta) = -sqrt(2) sum_i |b_i . u| + c,      b_i the rows of B,      c* = -ln Z = ln|det B| - (n/2) ln 2

Conventions
-----------
theta  (n^2 + 1,)       (B row by row, c): 17 numbers for n = 4
B      (n, n)           demixing matrix, one row a source; x = A s with A = B^{-1}
u      (n_points, n)    points are rows; inside, sources lie as rows, U = B u^T of shape (n, n_points), so that every
                        elementwise pass runs over contiguous memory
kink   b_i . u_t = 0; the derivative of |.| is 0 there, as ``np.sign`` has it
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from nce_ref._checks import (
    Float,
    as_array,
    as_count,
    as_generator,
    as_points,
    as_positive,
    as_scale,
    as_square,
    as_uniforms,
    as_vector,
)
from nce_ref.models.base import Frame, Kinks, Pullback
from nce_ref.models.laplace_ica_moments import laplace_ica_moments
from nce_ref.models.laplace_ica_pass import LaplaceICAPass
from nce_ref.models.laplace_ica_score import LaplaceICAScoreMatching
from nce_ref.models.laplace_ica_score_bound import crowded_hyperplane
from nce_ref.models.moments import Moments
from nce_ref.models.tails import Tails, absolute_tails
from nce_ref.special import LOG_2, SQRT_2

_EPS = float(np.finfo(float).eps)


@dataclass(frozen=True)
class LaplaceICA:
    """Independent Laplace sources, square mixing: ln p_m(u) = -sqrt(2) sum_i |b_i . u| + c, b_i the rows of B.

    Parameters
    ----------
    n_sources : int
        theta = (B row by row, c) has n_sources^2 + 1 entries; sources have unit variance.
    smoothing : float, optional
        Replaces |v| by sqrt(v^2 + smoothing^2), for optimisers: that density has no closed normalising constant.

    Raises
    ------
    ValueError
        For an n_sources that is no whole number above 0, or a negative smoothing.

    Notes
    -----
    Source: P10, section 3.1, equations (11) to (13). c* = -ln Z = ln|det B| - (n/2) ln 2. At a kink, b_i . u = 0, the
    derivative is 0.

    Examples
    --------
    >>> import numpy as np
    >>> import nce_ref as nr
    >>> model = nr.LaplaceICA(n_sources=2)
    >>> theta = model.normalize(model.pack(np.eye(2), c=0.0))
    >>> x = model.sample(theta, 3, np.random.default_rng(0))
    >>> x.shape, model.log_density(theta, np.zeros((1, 2))).round(4)  # -ln 2
    ((3, 2), array([-0.6931]))
    """

    n_sources: int
    smoothing: float = 0.0

    def __post_init__(self) -> None:
        as_count("n_sources", self.n_sources)
        if not float(as_array("smoothing", self.smoothing, 0)) >= 0.0:
            raise ValueError(
                f"smoothing: got {self.smoothing}; expected a finite number, 0 or above"
            )

    @property
    def affine_between_kinks(self) -> bool:
        """Whether ln p_m is affine in theta where no argument changes sign: then NCE's objective is concave there."""
        return not self.smoothing

    @property
    def n_dim(self) -> int:
        """Dimension of a point."""
        return self.n_sources

    @property
    def n_params(self) -> int:
        """n^2 entries of B, and c."""
        return self.n_sources**2 + 1

    @property
    def parameter_names(self) -> tuple[str, ...]:
        """One name an entry of theta: B[0,0], B[0,1], ..., c."""
        every = range(self.n_sources)
        return (*(f"B[{i},{j}]" for i in every for j in every), "c")

    def pack(self, B: ArrayLike, c: float) -> Float:
        """Return theta from the demixing matrix and c. Any finite B is allowed: an unnormalised model needs no
        inverse."""
        return np.append(as_square("B", B, self.n_sources).ravel(), as_array("c", c, 0))

    def unpack(self, theta: ArrayLike) -> tuple[Float, float]:
        """Return (B, c) from theta."""
        theta = self._theta(theta)
        return theta[:-1].reshape(self.n_sources, self.n_sources).copy(), float(theta[-1])

    def log_density(self, theta: ArrayLike, u: ArrayLike) -> Float:
        """Return ln p_m(u; theta), c included: (n_points,)."""
        return self.evaluate(self._theta(theta), as_points("u", u, self.n_dim)).log_density

    def jacobian(self, theta: ArrayLike, u: ArrayLike) -> Float:
        """Return g(u), (n_points, n_params): d/dB_ij = -sqrt(2) sign(b_i . u) u_j, d/dc = 1."""
        u = as_points("u", u, self.n_dim)
        return np.ascontiguousarray(self.evaluate(self._theta(theta), u).features().T)

    def vjp(self, theta: ArrayLike, u: ArrayLike) -> tuple[Float, Pullback]:
        """Return ``(log_density, pullback)`` of one pass over the points; pullback(weights) = sum_t weights[t]
        g(u_t)."""
        u = as_points("u", u, self.n_dim)
        once = self.evaluate(self._theta(theta), u)
        return once.log_density, lambda weights: once.pullback(
            as_vector("weights", weights, len(u))
        )

    def pullback(self, theta: ArrayLike, u: ArrayLike, weights: ArrayLike) -> Float:
        """Return sum_t weights[t] g(u_t): (n_params,)."""
        return self.vjp(theta, u)[1](weights)

    def evaluate(self, theta: Float, u: Float) -> LaplaceICAPass:
        """One pass over points that were checked before; see ``models.base.Pass``."""
        n = self.n_sources
        return LaplaceICAPass(theta[:-1].reshape(n, n), float(theta[-1]), u, self.smoothing)

    def score(self, theta: ArrayLike, u: ArrayLike) -> Float:
        """Return d ln p_m / d u = -sqrt(2) sum_i sign(b_i . u) b_i: (n_points, n_dim)."""
        once = self.evaluate(self._theta(theta), as_points("u", u, self.n_dim))
        return -SQRT_2 * (once.slopes.T @ once.B)

    def score_matching(
        self, theta: ArrayLike, u: ArrayLike, slope: float
    ) -> LaplaceICAScoreMatching:
        """Return score matching's loss, summed over points, sign(s) smoothed to tanh(slope s); ``smoothing`` plays no
        part."""
        return LaplaceICAScoreMatching(
            self.unpack(theta)[0], as_points("u", u, self.n_dim), as_positive("slope", slope)
        )

    def score_matching_unbounded(self, theta: ArrayLike, u: ArrayLike, slope: float) -> str | None:
        """Return why score matching on the points u has no bound, None where that is not found; theta is where to look
        first."""
        points = as_points("u", u, self.n_dim)
        count = crowded_hyperplane(points, as_positive("slope", slope), self.unpack(theta)[0])
        return (
            None
            if count is None
            else (
                f"{count} of {len(points)} points lie in a hyperplane through the origin, more than"
                " 1/(1 + sqrt(2) slope) of them: J rises without bound as a row of B grows"
                " across it"
            )
        )

    def kinks(self, theta: ArrayLike, u: ArrayLike) -> Kinks:
        """Return the arguments b_i . u_t of the absolute values, (n_sources, n_points), and what goes with them."""
        return self.evaluate(self._theta(theta), as_points("u", u, self.n_dim)).kinks()

    def smoothed(self, epsilon: float) -> LaplaceICA:
        """The model with |v| replaced by sqrt(v^2 + epsilon^2), twice differentiable for epsilon > 0."""
        return LaplaceICA(self.n_sources, epsilon)

    def log_normalizer(self, theta: ArrayLike) -> float:
        """Return ln Z(alpha) = (n/2) ln 2 - ln|det B|; inf for a singular B, whose density has infinite mass. c plays
        no part.

        By LU (``slogdet``): ln(det B) is NaN for half of all B and overflows for large n. "Singular" means up to
        rounding.
        """
        self._refuse_smoothing("log_normalizer")
        return 0.5 * self.n_sources * LOG_2 - _log_abs_det(
            self._theta(theta)[:-1].tobytes(), self.n_sources
        )

    def log_normalizer_gradient(self, theta: ArrayLike) -> Float:
        """Return d ln Z / d theta = (-B^{-T} row by row, 0). Raises ValueError for a singular B."""
        return np.append(-self._inverse(theta).T.ravel(), 0.0)

    def log_normalizer_hessian(self, theta: ArrayLike) -> Float:
        """Return d^2 ln Z / d theta^2: tr(A D A D) for a change D of B, A = B^{-1}, so H[(i,j),(k,l)] = A_jk A_li; c's
        row is 0."""
        A = self._inverse(theta)
        hessian = np.zeros((self.n_params, self.n_params))
        hessian[:-1, :-1] = np.einsum("jk,li->ijkl", A, A).reshape(self.n_params - 1, -1)
        return hessian

    def log_normalizer_block_hessian(self, theta: ArrayLike) -> Float:
        """Return the blocks d^2 ln Z / d b_i d b_i = a_i a_i^T, a_i the columns of A: -ln|b_i . cofactors| is convex in
        one row."""
        A, n = self._inverse(theta), self.n_sources
        hessian = np.zeros((self.n_params, self.n_params))
        for i in range(n):
            hessian[i * n : (i + 1) * n, i * n : (i + 1) * n] = np.outer(A[:, i], A[:, i])
        return hessian

    def frame(self, theta: ArrayLike) -> Frame:
        r"""Return ln Z in B + E B, z = E row by row: ln|det(B + E B)| = ln|det B| + ln|det(I + E)|, whatever B is.

        sum_k |tr E^k|/k over k > 2 is at most |E|^3/(3 (1 - |E|)), |E| the Frobenius norm. Raises ValueError for a
        singular B.
        """
        B, n = self.unpack(theta)[0], self.n_sources
        self._inverse(theta)
        swap = np.arange(n * n).reshape(n, n).T.ravel()
        return Frame(
            np.kron(np.eye(n), B.T).astype(np.float64),
            -np.eye(n).ravel(),
            np.eye(n * n)[swap],
            1.0,
            0.0,
            0.0,
        )

    def normalize(self, theta: ArrayLike) -> Float:
        """Return the same B with c = -ln Z(B). Raises ValueError for a singular B."""
        log_z = self.log_normalizer(theta)
        if not math.isfinite(log_z):
            raise ValueError(
                "theta: its B is singular, so exp(ln p_m) has infinite mass; expected an invertible B"
            )
        return np.append(self._theta(theta)[:-1], -log_z)

    def rescaled(self, theta: ArrayLike, scale: ArrayLike) -> Float:
        """Return theta of the same density in other units: of z where u = scale z, so B becomes B scale, c gains ln|det
        scale|.

        ``scale`` (n, n), invertible. Raises ValueError where it is singular.
        """
        scale, log_det = as_scale(scale, self.n_sources)
        B, c = self.unpack(theta)
        return np.append((B @ scale).ravel(), c + log_det)

    def random_start(self, rng: np.random.Generator) -> Float:
        """Return a start: entries of B from 0.1 N(0, 1), c from N(0, 1), which is what reproduces P10's Figure 1."""
        as_generator("rng", rng)
        return np.append(0.1 * rng.standard_normal(self.n_params - 1), rng.standard_normal())

    def sample(self, theta: ArrayLike, n_points: int, rng: np.random.Generator) -> Float:
        """Draw x = A s, A = B^{-1}: (n_points, n_dim). Raises ValueError for a singular B."""
        sources = as_generator("rng", rng).laplace(
            scale=1.0 / SQRT_2, size=(as_count("n_points", n_points), self.n_dim)
        )
        return sources @ self._inverse(theta).T

    def transport(self, theta: ArrayLike, uniforms: ArrayLike) -> Float:
        """Map points of the open unit cube to the density, source by source through the inverse Laplace distribution
        function.

        Raises ValueError for a point outside of it, on its boundary included, and for a singular B.
        """
        p = as_uniforms("uniforms", uniforms, self.n_dim)
        q = p - 0.5
        # ln(1 - 2|q|) by log1p: exact in the middle, where ln(2 min(p, 1-p)) rounds; that one in the tails, where q
        # does.
        tail = np.where(
            np.abs(q) < 0.25,
            np.log1p(-2.0 * np.minimum(np.abs(q), 0.25)),
            np.log(2.0 * np.minimum(p, 1.0 - p)),
        )
        return (-np.sign(q) * tail / SQRT_2) @ self._inverse(theta).T

    def noise_weighted_moments(self, theta: ArrayLike, noise: Any, nu: float) -> Moments | None:
        """E[P_nu g g^T] and E[P_nu g] where the noise has a structure to use (``laplace_ica_moments``), else None."""
        return None if self.smoothing else laplace_ica_moments(self.unpack(theta)[0], noise, nu)

    def tails(self, theta: ArrayLike) -> Tails:
        """How ln p_m falls far out: like -sum_i |sqrt(2) b_i . u|, smoothed or not."""
        return absolute_tails(SQRT_2 * self.unpack(theta)[0])

    def _theta(self, theta: ArrayLike) -> Float:
        return as_vector("theta", theta, self.n_params)

    def _inverse(self, theta: ArrayLike) -> Float:
        self._refuse_smoothing("a smoothed model")
        inverse = _inverse(self._theta(theta)[:-1].tobytes(), self.n_sources)
        if inverse is None:
            raise ValueError("theta: its B is singular; expected an invertible B")
        return inverse

    def _refuse_smoothing(self, what: str) -> None:
        if self.smoothing:
            raise NotImplementedError(
                f"{what}: exp(-sqrt(2) sqrt(v^2 + smoothing^2)) has no elementary integral; use smoothing=0"
            )


# ln Z, its gradient and its Hessian are asked for one after the other at the same B: the last two are kept.
@lru_cache(maxsize=2)
def _inverse(entries: bytes, n: int) -> Float | None:
    """B^{-1}, not to be written to; None where B is singular up to rounding."""
    if _log_abs_det(entries, n) == -math.inf:
        return None
    inverse = np.asarray(np.linalg.inv(np.frombuffer(entries).reshape(n, n)), dtype=np.float64)
    inverse.flags.writeable = False
    return inverse


@lru_cache(maxsize=2)
def _log_abs_det(entries: bytes, n: int) -> float:
    """ln|det B|, -inf where B is singular up to rounding: condition number above 1/eps with the rows scaled alike.

    LU meets an exact 0 in less than half of all singular B, in the others a rounding error, whose ln is some -36.
    """
    B = np.frombuffer(entries).reshape(n, n)
    log_det = float(np.linalg.slogdet(B)[1])
    if log_det == -math.inf:
        return log_det
    sizes = np.abs(B).max(axis=1)
    # With entries of at most 1, |det| <= n^(n-1) sigma_min and sigma_min <= n eps for such a B (e^5 for the rounding of
    # det): only then is a condition number, at the price of an SVD, worth its time.
    if log_det - float(np.log(sizes).sum()) < math.log(_EPS) + n * math.log(n) + 5.0:
        if not np.linalg.cond(B / sizes[:, None]) < 1.0 / _EPS:
            return -math.inf
    return log_det
