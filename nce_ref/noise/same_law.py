r"""Was a sample drawn from the density that evaluates it? A score test, by noise-contrastive estimation turned on the
noise.

y of the density q in question and z of a known r, N points each. If ln q is right, h(u) = sigma(ln q(u) - ln r(u)) is
the probability that u came from the first sample, and for any bounded features f

    S = mean_y (1 - h) f - mean_z h f        has mean  int q r/(q + r) f - int r q/(q + r) f = 0,

a constant that is missing in ln q included (f = 1). All terms are bounded, whatever the tails of q. N S^T V^+ S, V the
sum of the two sample covariances, is Hotelling's T^2 to the accuracy of the central limit theorem.

    f = 1, tanh s_i, tanh s_i tanh s_j        s the points in the sample's own units

What it sees: if the sample is of q (1 + delta), S has the mean E_q[(1 - h) f delta]; the size of delta at which T^2
exceeds its threshold 99 times in 100 is the stated power.

Conventions
-----------
u   (n_points, n_dim)   points are rows
f   (n_points, k)       the constant first, then locations, then products with i <= j
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import optimize, stats
from scipy.linalg.lapack import dpotrf, dtrtri

from nce_ref._checks import Float
from nce_ref.noise.reference import Reference
from nce_ref.special import sigmoid

LEVEL = 1e-5  # how often a right noise fails
_POWER = 0.99
# Features beyond this share of the points would leave V ill known.
_FEATURES_A_POINT = 0.02
# With fewer points than this in either mean, as their weights count them, it is no central limit theorem.
_FEWEST = 100.0
_NEGLIGIBLE = 1e-9


@dataclass(frozen=True)
class LawTest:
    """What the score test found.

    ``p_value``        of the whole; NaN where too few points weigh in
    ``z``              (k,) each feature's S in its own standard deviations: positive where the sample has more of f
                       than ln q says
    ``log_mass``       ln int q by bridge sampling, 0 for a density; ``log_mass_error`` its standard error
    ``power``          the smallest departures seen 99 times in 100, in words
    """

    p_value: float
    z: Float
    log_mass: float
    log_mass_error: float
    power: str


def law_test(
    log_density: Callable[[Float], Float],
    y: Float,
    reference: Reference,
    z: Float,
) -> LawTest:
    """Test ln q = ``log_density`` on y, claimed to be drawn from q, against z drawn from ``reference``."""
    n = len(y)
    log_ratio_y = log_density(y) - reference.log_density(y)
    log_ratio_z = log_density(z) - reference.log_density(z)
    f_y, f_z = _features(reference, y), _features(reference, z)
    found = score(log_ratio_y, f_y, log_ratio_z, f_z, _FEWEST)
    if found is None:
        nan = math.nan
        return LawTest(nan, np.full(f_y.shape[1], nan), nan, nan, "")
    k = found.rank
    law = stats.f(k, n - k)
    hotelling = (n - k) / (k * (n - 1.0))
    p_value = float(law.sf(hotelling * found.statistic))
    log_mass, error = bridge(log_ratio_y, log_ratio_z)
    power = _power(reference, y, found, f_y, float(law.isf(LEVEL)) / hotelling)
    return LawTest(p_value, found.gap / found.deviations, log_mass, error, power)


@dataclass(frozen=True)
class Score:
    """S of the module in its own metric.

    ``gap``         (k,) S
    ``deviations``  (k,) its standard deviations, each feature's by itself
    ``of_y``        (n_y,) 1 - h on the sample
    ``root``        (k, rank): S @ root has the unit covariance if ln q is right; directions without a variance of their
                    own are left out
    """

    gap: Float
    deviations: Float
    of_y: Float
    root: Float

    @property
    def rank(self) -> int:
        """Directions that are told apart."""
        return self.root.shape[1]

    @property
    def statistic(self) -> float:
        """S^T Cov(S)^+ S: about chi-squared with ``rank`` degrees of freedom if ln q is right."""
        whitened = self.gap @ self.root
        return float(whitened @ whitened)


def score(
    log_ratio_y: Float, f_y: Float, log_ratio_z: Float, f_z: Float, fewest: float
) -> Score | None:
    """Return S from ln q - ln r and the features f on y, drawn from q, and on z, drawn from r; -inf in log_ratio_z is a
    point that q has not.

    None where, as their weights count them, fewer than ``fewest`` points make up either mean.
    """
    of_y, of_z = sigmoid(-_finite(log_ratio_y)), sigmoid(_finite(log_ratio_z))
    if min(_effective(of_y), _effective(of_z)) < fewest:
        return None
    mean_y, cov_y = _mean_and_its_covariance(of_y[:, None] * f_y)
    mean_z, cov_z = _mean_and_its_covariance(of_z[:, None] * f_z)
    V = cov_y + cov_z
    size = np.sqrt(np.maximum(V.diagonal(), 1e-300))
    return Score(
        mean_y - mean_z, size, of_y, _inverse_root(V / (size[:, None] * size)) / size[:, None]
    )


def _inverse_root(correlation: Float) -> Float:
    """R with R R^T the inverse; where an eigenvalue is negligible, its pseudo-inverse."""
    factor, failed = dpotrf(correlation, lower=1)
    # The least eigenvalue is below the least pivot, and not by much more than this.
    if not failed and float(factor.diagonal().min()) ** 2 > 1e-4:
        inverse, _ = dtrtri(factor, lower=1)
        return np.tril(inverse).T
    eigenvalues, vectors = np.linalg.eigh(correlation)
    kept = eigenvalues > _NEGLIGIBLE * eigenvalues[-1]
    return np.asarray(vectors[:, kept] / np.sqrt(eigenvalues[kept]))


def _mean_and_its_covariance(terms: Float) -> tuple[Float, Float]:
    n = len(terms)
    mean = np.ones(n) @ terms / n
    centred = terms - mean
    return mean, centred.T @ centred / (n * (n - 1.0))


def _features(reference: Reference, u: Float) -> Float:
    t = np.tanh(reference.standardized(u))
    n = t.shape[1]
    pairs = [(i, j) for i in range(n) for j in range(i, n)]
    most = int(_FEATURES_A_POINT * len(u)) - 1 - n
    if len(pairs) > most:  # squares first: a spread that is off is the commoner slip
        pairs = sorted(pairs, key=lambda pair: pair[1] - pair[0])[: max(most, 0)]
    products = [t[:, i] * t[:, j] for i, j in pairs]
    return np.column_stack([np.ones(len(u)), t, *products])


def _power(reference: Reference, y: Float, found: Score, f: Float, threshold: float) -> str:
    """The departures at which the noncentral law passes the threshold, each alone, the least visible direction told."""
    n = len(y)
    needed = optimize.brentq(
        lambda excess: float(stats.ncx2.sf(threshold, found.rank, excess)) - _POWER, 1e-6, 1e6
    )
    s = np.clip(reference.standardized(y), -5.0, 5.0)
    # ln q of a normal with another mean or covariance: s_i d(mean_i), s_i s_j d(covariance_ij), half of it for i = j.
    ranging = [i for i in range(s.shape[1]) if len(np.unique(s[:, i])) > 2]
    pairs = [s[:, i] * s[:, j] for i in range(s.shape[1]) for j in range(i)]
    squares = [0.5 * s[:, i] ** 2 for i in ranging]
    departures = {
        "a constant of {:.2g} in ln p_n": [np.ones(n)],
        "a mean off by {:.2g} deviations": list(s.T),
        "one variance off by {:.2%}": squares,
        "all variances off by {:.2%}": [np.sum(squares, axis=0)] if len(squares) > 1 else [],
        "a correlation off by {:.2g}": pairs,
    }
    told = []
    for words, deltas in departures.items():
        sizes = []
        for delta in deltas:
            centred = delta if delta.min() == delta.max() else delta - delta.mean()
            moved = (found.of_y * centred) @ f / n @ found.root
            sizes.append(math.sqrt(needed / max(float(moved @ moved), 1e-300)))
        told += [words.format(max(sizes))] if sizes else []
    return ", ".join(told)


def bridge(log_ratio_y: Float, log_ratio_z: Float) -> tuple[float, float]:
    """ln int q and its standard error, y drawn from q/int q and z from r, ln q - ln r at both: Bennett's acceptance
    ratio (Meng & Wong, Statistica Sinica 1996)."""
    g_y, g_z = _finite(log_ratio_y), _finite(log_ratio_z)

    def balance(c: float) -> float:
        return float(sigmoid(-(g_y - c)).mean() - sigmoid(g_z - c).mean())

    reach = 1.0 + max(float(np.abs(g_y).max()), float(np.abs(g_z).max()))
    c = float(optimize.brentq(balance, -reach, reach, xtol=1e-10))
    of_y, of_z = sigmoid(-(g_y - c)), sigmoid(g_z - c)
    slope = float((of_y * (1.0 - of_y)).mean() + (of_z * (1.0 - of_z)).mean())
    return c, math.sqrt((of_y.var() + of_z.var()) / len(g_y)) / slope


def _finite(log_ratio: Float) -> Float:
    return np.minimum(np.maximum(log_ratio, -700.0), 700.0)


def _effective(weights: Float) -> float:
    square = float(weights @ weights)
    return float(weights.sum()) ** 2 / square if square > 0.0 else 0.0
