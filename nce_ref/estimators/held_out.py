r"""Which of two models is nearer to the data: J on points that neither has seen, with its standard error, and the
paired difference.

    J = mean_x ln h + nu mean_y ln(1 - h),      h = sigma(ln p_m - ln p_n - ln nu)
    Var(J) = Var_x(ln h)/n_data + nu^2 Var_y(ln(1 - h))/n_noise

for theta fixed beforehand. Between two models on the same points the differences of the terms are averaged, so what
both share cancels.

**What J ranks.** In the population J is largest at p_m = p_d, but among wrong models it ranks by how well they tell
data from *this noise*, and likelihood by Kullback-Leibler divergence: the two may disagree. A model that normalises
itself through c pays for a wrong c in J.

Conventions
-----------
x, y    (n_data, n_dim), (n_noise, n_dim)   held out: x not used in any of the fits, y fresh from the noise
nu      n_noise/n_data unless given: take the one that the fits had
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from numpy.typing import ArrayLike
from scipy.special import ndtr

from nce_ref._checks import Float, as_points, as_positive, as_vector
from nce_ref.models.base import Model
from nce_ref.noise import Noise, refuse_unfit_noise
from nce_ref.objectives.counts import as_counts, mean_and_variance, seen, total
from nce_ref.special import log_sigmoid


@dataclass(frozen=True)
class HeldOut:
    """J on points held out of the fit.

    Attributes
    ----------
    objective, standard_error : float
    chance : float
        J of a model that tells nothing apart, for scale: ln(1/(1 + nu)) + nu ln(nu/(1 + nu)).
    """

    objective: float
    standard_error: float
    chance: float

    def __str__(self) -> str:
        return f"J = {self.objective:.5g} +- {self.standard_error:.2g} on held-out points (chance: {self.chance:.5g})"


@dataclass(frozen=True)
class PairedDifference:
    """J of the first model less J of the second, on the same held-out points.

    Attributes
    ----------
    difference, standard_error : float
        Of J.
    z, p_value : float
        Their ratio, and how often chance alone gives one as large (two-sided, normal).
    """

    difference: float
    standard_error: float
    z: float
    p_value: float

    def __str__(self) -> str:
        side = "first" if self.difference > 0.0 else "second"
        told = (
            f"the {side} model's J is higher" if self.p_value < 0.05 else "no model's J is higher"
        )
        return f"difference of J {self.difference:.3g} +- {self.standard_error:.2g}, p = {self.p_value:.2g}: {told}"


def held_out_objective(
    model: Model,
    theta: ArrayLike,
    noise: Noise,
    x: ArrayLike,
    y: ArrayLike,
    nu: float | None = None,
    *,
    counts_x: ArrayLike | None = None,
    counts_y: ArrayLike | None = None,
) -> HeldOut:
    """Evaluate J at theta on points held out, with its standard error; see the module's formula.

    Parameters
    ----------
    model, theta : the model and its estimate, (n_params,)
    noise : the noise of which y was drawn
    x, y : (n_data, n_dim), (n_noise, n_dim), at least two points each
    nu : float above 0, optional
        n_noise/n_data by default; the fit's own compares with the fit's J.
    counts_x, counts_y : (n_data,), (n_noise,), optional
        How often each row was seen, where x and y hold distinct states.

    Returns
    -------
    HeldOut

    Raises
    ------
    ValueError
        For points of the wrong shape, fewer than two of a kind, NaN or inf.

    Examples
    --------
    >>> import numpy as np
    >>> import nce_ref as nr
    >>> rng, noise = np.random.default_rng(0), nr.GaussianNoise([0.0], [[2.0]])
    >>> x, y = rng.standard_normal((1000, 1)), noise.sample(1000, rng)
    >>> found = nr.held_out_objective(nr.Gaussian(1), [1.0, -0.9189385332046727], noise, x, y)
    >>> round(found.chance, 3), bool(found.objective > found.chance)
    (-1.386, True)
    """
    data, of_noise, ratio, counts = _terms(model, theta, noise, x, y, nu, (counts_x, counts_y))
    value, error = _mean_and_error(data, of_noise, ratio, counts)
    chance = -math.log1p(ratio) - ratio * math.log1p(1.0 / ratio)
    return HeldOut(value, error, chance)


def compare_held_out(
    first: tuple[Model, ArrayLike],
    second: tuple[Model, ArrayLike],
    noise: Noise,
    x: ArrayLike,
    y: ArrayLike,
    nu: float | None = None,
    *,
    counts_x: ArrayLike | None = None,
    counts_y: ArrayLike | None = None,
) -> PairedDifference:
    """Compare two models on the same held-out points: J of the first less J of the second, with its standard error.

    Parameters
    ----------
    first, second : (model, theta)
    noise : the noise of which y was drawn
    x, y : (n_data, n_dim), (n_noise, n_dim), at least two points each
    nu : float above 0, optional
        n_noise/n_data by default.
    counts_x, counts_y : (n_data,), (n_noise,), optional
        How often each row was seen, where x and y hold distinct states.

    Returns
    -------
    PairedDifference
        The standard error is that of the points alone: both thetas count as given. With equal terms throughout the
        difference is 0, its error 0, z 0 and p 1.

    Raises
    ------
    ValueError
        As ``held_out_objective`` does.

    Examples
    --------
    >>> import numpy as np
    >>> import nce_ref as nr
    >>> rng, noise = np.random.default_rng(0), nr.GaussianNoise([0.0], [[2.0]])
    >>> x, y = rng.standard_normal((1000, 1)), noise.sample(1000, rng)
    >>> model = nr.Gaussian(1)
    >>> right, wrong = model.normalize([1.0, 0.0]), model.normalize([0.2, 0.0])
    >>> found = nr.compare_held_out((model, right), (model, wrong), noise, x, y)
    >>> bool(found.difference > 0 and found.p_value < 1e-6)
    True
    """
    given = (noise, x, y, nu, (counts_x, counts_y))
    one, other = _terms(first[0], first[1], *given), _terms(second[0], second[1], *given)
    value, error = _mean_and_error(one[0] - other[0], one[1] - other[1], one[2], one[3])
    z = value / error if error > 0.0 else 0.0 if value == 0.0 else math.copysign(math.inf, value)
    return PairedDifference(value, error, z, 2.0 * float(ndtr(-abs(z))))


Counts = tuple[Float | None, Float | None]


def _terms(
    model: Model,
    theta: ArrayLike,
    noise: Noise,
    x: ArrayLike,
    y: ArrayLike,
    nu: float | None,
    counts: tuple[ArrayLike | None, ArrayLike | None],
) -> tuple[Float, Float, float, Counts]:
    """ln h on the data, ln(1 - h) on the noise, nu, and the counts of both."""
    x, y = as_points("x", x, model.n_dim), as_points("y", y, model.n_dim)
    x, of_x = seen(x, as_counts("counts_x", counts[0], len(x)))
    y, of_y = seen(y, as_counts("counts_y", counts[1], len(y)))
    refuse_unfit_noise(noise, model.n_dim)
    n_data, n_noise = total(of_x, len(x)), total(of_y, len(y))
    for name, size in (("x", n_data), ("y", n_noise)):
        if size < 2:
            raise ValueError(
                f"{name}: got {size} point; expected two or more, for a standard error"
            )
    ratio = n_noise / n_data if nu is None else as_positive("nu", nu)

    def log_ratio(name: str, u: Float) -> Float:
        of_noise = as_vector(f"noise.log_density({name})", noise.log_density(u), len(u))
        of_model = as_vector(f"model.log_density({name})", model.log_density(theta, u), len(u))
        return of_model - of_noise - math.log(ratio)

    return log_sigmoid(log_ratio("x", x)), log_sigmoid(-log_ratio("y", y)), ratio, (of_x, of_y)


def _mean_and_error(data: Float, noise: Float, nu: float, counts: Counts) -> tuple[float, float]:
    sizes = [total(of, len(terms)) for terms, of in zip((data, noise), counts)]
    (mean, spread), (other, spread_other) = (
        mean_and_variance(terms, of) for terms, of in zip((data, noise), counts)
    )
    variance = spread / sizes[0] + nu**2 * spread_other / sizes[1]
    return mean + nu * other, math.sqrt(variance)
