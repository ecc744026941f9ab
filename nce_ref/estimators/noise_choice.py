r"""Which noise, and how much of it? The asymptotic error that each choice would give, told from one pilot fit.

For a right model Sigma_nu takes expectations over the data alone (THEORY.md, *Asymptotics*):

    I_nu = E_d[P g g^T],   P = nu p_n/(p_m + nu p_n),   m_nu = E_d[P g],
    Sigma_nu = I_nu^{-1} - (1 + 1/nu) I_nu^{-1} m_nu m_nu^T I_nu^{-1}

so the pilot's own data and theta serve for every noise and every nu: no point is drawn, no fit is made. The trace over
the parameters without c is the mean squared error times n_data. Its standard error, by the sampling of the data, is
that of its influence function.

Conventions
-----------
error        tr Sigma over all parameters but the last, per data sample: E|alpha-hat - alpha|^2 is about error/n_data
per_point    (1 + nu) error: the same at a fixed budget of data and noise points together, for data as cheap as noise
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from nce_ref._checks import Float, as_vector
from nce_ref.estimators.fit import Fit
from nce_ref.noise import Noise, refuse_unfit_noise
from nce_ref.objectives.nce import NCEObjective
from nce_ref.special import sigmoid


@dataclass(frozen=True)
class NoiseChoice:
    """What one noise at one nu would give.

    Attributes
    ----------
    noise : str
    nu : float
    error, standard_error : float
        tr Sigma without c, per data sample, and its uncertainty by the pilot's data; inf where I_nu is singular.
    variance_of_c : float
        The last parameter's, per data sample.
    per_point : float
        (1 + nu) error.
    """

    noise: str
    nu: float
    error: float
    standard_error: float
    variance_of_c: float

    @property
    def per_point(self) -> float:
        """(1 + nu) error: at a fixed number of data and noise points together."""
        return (1.0 + self.nu) * self.error


@dataclass(frozen=True)
class NoiseComparison:
    """All choices, in the order asked; ``str(comparison)`` is a table with one sentence of advice.

    Attributes
    ----------
    choices : tuple of NoiseChoice
    n_data : int
        Of the pilot.
    """

    choices: tuple[NoiseChoice, ...]
    n_data: int

    @property
    def best(self) -> NoiseChoice:
        """The smallest error at the data at hand."""
        return min(self.choices, key=lambda choice: choice.error)

    @property
    def best_per_point(self) -> NoiseChoice:
        """The smallest error at a fixed number of points altogether."""
        return min(self.choices, key=lambda choice: choice.per_point)

    def __str__(self) -> str:
        width = max(len(choice.noise) for choice in self.choices)
        lines = [
            f"{'noise':<{width}}  {'nu':>7}  {'error':>22}  {'of c':>10}  {'(1 + nu) error':>14}"
        ]
        for choice in self.choices:
            error = f"{choice.error:.4g} +- {choice.standard_error:.2g}"
            lines.append(
                f"{choice.noise:<{width}}  {choice.nu:>7g}  {error:>22} "
                f" {choice.variance_of_c:>10.4g}  {choice.per_point:>14.4g}"
            )
        best, cheapest = self.best, self.best_per_point
        lines.append(
            f"Smallest for these {self.n_data} data: {best.noise} at nu = {best.nu:g}; for a given"
            f" number of data and noise points together: {cheapest.noise} at nu = {cheapest.nu:g}."
            " Errors are tr Sigma without c, per data sample, if the model is right."
        )
        return "\n".join(lines)


def compare_noises(
    fit: Fit, noises: Mapping[str, Noise] | Sequence[Noise], nus: ArrayLike
) -> NoiseComparison:
    """Return the asymptotic error that each noise would give at each nu, from one pilot fit.

    Parameters
    ----------
    fit : Fit
        A converged fit by ``fit_nce``, its noise any that covers the data; some hundred data points are enough to
        choose by.
    noises : mapping from names to noises, or a sequence of noises
        Their ``log_density`` alone is used.
    nus : (n_nus,), above 0

    Returns
    -------
    NoiseComparison
        One ``NoiseChoice`` a noise and nu, with the uncertainty by the pilot's data. That of theta is not in it: for
        two Laplace sources and 1000 data the spread over pilots was 1.0 to 1.3 times as large.

    Raises
    ------
    ValueError
        For a fit that has not converged or is not of NCE, no noise, a nu not above 0, or a noise that is 0 at a data
        point.

    Notes
    -----
    Right in the limit of many data, for a right model; with kinks the approach is slow. A noise that does not cover the
    model makes the error infinite although the sample's estimate of it is finite: look at ``check_noise(noise, rng,
    x)`` first.

    Examples
    --------
    >>> import numpy as np
    >>> import nce_ref as nr
    >>> rng = np.random.default_rng(0)
    >>> x, noise = rng.standard_normal((1000, 1)), nr.GaussianNoise([0.0], [[1.0]])
    >>> pilot = nr.fit_nce(nr.Gaussian(1), noise, x, noise.sample(1000, rng), start=[1.0, 0.0])
    >>> wider = nr.GaussianNoise([0.0], [[2.25]])
    >>> found = nr.compare_noises(pilot, {"alike": noise, "wider": wider}, [1.0, 10.0])
    >>> min(found.choices, key=lambda choice: choice.per_point).noise
    'wider'
    """
    if not fit.converged:
        raise ValueError(f"fit: not converged ({fit.status}); expected a certified local maximum")
    problem = fit.problem
    if not isinstance(problem, NCEObjective):
        raise ValueError(f"fit: of {type(problem).__name__}; expected a fit by fit_nce")
    ratios = as_vector("nus", nus)
    if not ratios.min() > 0.0:
        raise ValueError(f"nus: got {ratios.min()}; expected numbers above 0")
    named = noises if isinstance(noises, Mapping) else _named(noises)
    if not named:
        raise ValueError("noises: got none; expected at least one noise")
    x, model = problem.x, problem.model
    g, of_model = model.jacobian(fit.theta, x), model.log_density(fit.theta, x)
    counts = problem.counts_x
    shares = np.full(len(x), 1.0 / len(x)) if counts is None else counts / problem.n_data
    choices = []
    for name, noise in named.items():
        refuse_unfit_noise(noise, model.n_dim)
        log_ratio = of_model - as_vector(f"{name}.log_density(x)", noise.log_density(x), len(x))
        choices += [_choice(name, float(nu), log_ratio, g, shares, problem.n_data) for nu in ratios]
    return NoiseComparison(tuple(choices), problem.n_data)


def _named(noises: Sequence[Noise]) -> dict[str, Noise]:
    """Class names, numbered where they repeat."""
    names = [type(noise).__name__ for noise in noises]
    return {
        name if names.count(name) == 1 else f"{name} {1 + names[:k].count(name)}": noise
        for k, (name, noise) in enumerate(zip(names, noises))
    }


def _choice(
    name: str, nu: float, log_ratio: Float, g: Float, shares: Float, n_data: int
) -> NoiseChoice:
    """``shares`` (n_points,) are the data's, which sum to 1."""
    P = sigmoid(math.log(nu) - log_ratio)
    weighted = g * (shares * P)[:, None]
    information, mean = weighted.T @ g, weighted.sum(axis=0)
    # In units of each parameter's own curvature, so that a choice does not hang on them.
    size = np.sqrt(np.maximum(np.diag(information), 1e-300))
    eigenvalues, vectors = np.linalg.eigh(information / np.outer(size, size))
    if eigenvalues[0] <= len(size) * np.finfo(float).eps * eigenvalues[-1]:
        return NoiseChoice(name, nu, math.inf, math.inf, math.inf)
    inverse = (vectors / eigenvalues) @ vectors.T / np.outer(size, size)
    direction = inverse @ mean
    covariance = inverse - (1.0 + 1.0 / nu) * np.outer(direction, direction)
    # Influence of a point on tr Sigma: dI = P g g^T - I, dm = P g - m, through I^-1 and I^-1 m; the last parameter left
    # out.
    a, gd = (g @ inverse)[:, :-1], g @ direction
    of_inverse = -P * (a * a).sum(axis=1) + np.trace(inverse[:-1, :-1])
    moved = P[:, None] * a * (1.0 - gd)[:, None]  # d(I^-1 m), point by point
    influence = of_inverse - 2.0 * (1.0 + 1.0 / nu) * moved @ direction[:-1]
    error = float(np.trace(covariance[:-1, :-1]))
    centred = influence - float(shares @ influence)
    spread = math.sqrt(float(shares @ (centred * centred)) / n_data)
    return NoiseChoice(name, nu, error, spread, float(covariance[-1, -1]))
