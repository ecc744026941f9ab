r"""How much mass has an unnormalised density? Importance sampling, with its standard error and what it cannot see.

    ln M = ln int exp(ln p_m(u; theta)) du  ~  ln (1/n) sum_t w_t,     w_t = p_m(y_t; theta) / p_n(y_t),     y_t drawn from p_n

c is in ln p_m: NCE fits c, so at a good fit M = 1 and ln M = 0. The model's ln Z, without c, is ln M - c.

Conventions
-----------
y   (n_points, n_dim), drawn from ``noise``. Not the noise of training: the fit has adapted to that very sample
w   (n_points,), held as logarithms and scaled by the largest, so nothing overflows
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from nce_ref._checks import as_points, as_vector
from nce_ref.models.base import Model
from nce_ref.noise import Noise, refuse_unfit_noise


@dataclass(frozen=True)
class ImportanceIntegral:
    """An estimate of ln M.

    ``log_integral``           ln M; 0 for a normalised density
    ``standard_error``         of ln M, by the delta method: sd(w) / (mean(w) sqrt(n)), which is that of M relative to M
    ``effective_sample_size``  (sum w)^2 / sum w^2, between 1 and n: as many draws from p_m itself would be worth as much
    ``largest_share``          max w / sum w: where one point carries more than some percent, believe nothing
    """

    log_integral: float
    standard_error: float
    effective_sample_size: float
    largest_share: float
    n_points: int


def integral_by_importance(model: Model, theta: ArrayLike, noise: Noise, y: ArrayLike) -> ImportanceIntegral:
    """Return ln of the integral of exp(ln p_m), c included, estimated with points y drawn from ``noise``.

    Inaccurate where p_n is small and p_m is not: a sample of p_n misses that mass and its standard error with it. If
    int p_m^2/p_n is infinite (Laplace tails over Gaussian noise) there is no central limit theorem, while the standard error
    from any sample is finite; take noise with heavier tails. An effective sample size below some 100 is too small to trust.
    Raises ValueError where the model says that the integral is infinite (``model.is_integrable`` is False: no sample would
    show it), for fewer than two points, and for weights that are all 0 or not finite.
    """
    if getattr(model, "is_integrable", None) is False:
        raise ValueError(f"model: exp(ln p_m) of {model} has infinite mass for every theta; expected one with a base density, base=noise")
    y = as_points("y", y, model.n_dim)
    if len(y) < 2:
        raise ValueError(f"y: got {len(y)} point; expected at least two, for a standard error")
    refuse_unfit_noise(noise, model.n_dim)
    log_w = model.log_density(theta, y) - as_vector("noise.log_density", noise.log_density(y), len(y))
    top = float(log_w.max())
    if not math.isfinite(top):
        raise ValueError(f"theta: the largest ln p_m - ln p_n is {top}; expected finite log-densities")
    w = np.exp(log_w - top)
    total, n = float(w.sum()), len(w)
    relative_spread = float(w.std(ddof=1)) / (total / n)
    return ImportanceIntegral(top + math.log(total / n), relative_spread / math.sqrt(n), total**2 / float(w @ w), 1.0 / total, n)
