"""Monte-Carlo maximum likelihood: Z is estimated from the noise sample by importance sampling
(``objectives/importance_sampling.py``).

Conventions
-----------
x, y    (n_data, n_dim), (n_noise, n_dim)   the same samples as for NCE
theta   (n_params,)   alpha maximises; c-hat = -ln Z-hat(alpha), from the very same sample
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike

from nce_ref._checks import Float
from nce_ref.estimators.fit import Fit, collect_starts, fit_from
from nce_ref.estimators.parameter_units import parameter_units_for
from nce_ref.estimators.units import offers_units, units_for
from nce_ref.estimators.watched import INTERRUPTED, SPENT
from nce_ref.importance import WeightDiagnosis, diagnose_weights, log_mean_exp
from nce_ref.models.base import Model
from nce_ref.noise import Noise
from nce_ref.objectives.importance_sampling import ImportanceSamplingObjective
from nce_ref.trace import Callback

# Leaving out a point with this share moves ln Z-hat by ln 2: what is fitted then is that point.
_COLLAPSED_SHARE = 0.5


@dataclass(frozen=True, eq=False)
class ImportanceFit(Fit):
    """A ``Fit`` with the state of its importance weights p_m(y)/p_n(y) at theta, c included: their mean is 1.

    Attributes
    ----------
    weights : WeightDiagnosis
        Effective sample size, largest share, tail index k-hat.
    converged : bool
        Stationary, certified, and no noise point carries half of Z-hat or more. Status "collapsed" otherwise.
    """

    weights: WeightDiagnosis


def fit_importance_sampling(
    model: Model,
    noise: Noise,
    x: ArrayLike,
    y: ArrayLike,
    *,
    start: ArrayLike | None = None,
    n_starts: int | None = None,
    rng: np.random.Generator | None = None,
    callback: Callback | None = None,
    max_evaluations: int | None = None,
) -> ImportanceFit:
    """Fit a model by maximum likelihood with Z estimated by importance sampling from the noise.

        J(alpha) = (1/n_data) sum_x ln p_m^0(x; alpha) - ln (1/n_noise) sum_y p_m^0(y; alpha)/p_n(y)

    Parameters
    ----------
    model : Model
    noise : Noise
    x : (n_data, n_dim)
    y : (n_noise, n_dim)
        Drawn from ``noise``.
    start : (n_params,), optional
        Its c is ignored.
    n_starts : int, optional
        As many random starts instead, with ``rng``.
    rng : numpy.random.Generator, optional
    callback : callable, optional
        ``callback(theta)`` after each accepted step.
    max_evaluations : int, optional
        Of the objective, over all starts: then, as after Ctrl-C, the best so far, status "budget spent"
        ("interrupted").

    Returns
    -------
    ImportanceFit

    Raises
    ------
    ValueError
        For bad samples, a noise of another dimension, bad starts.

    Notes
    -----
    Source: Geyer (1994); P10, section 3.1. Consistent where the noise covers the data, but with an asymptotic variance
    only if int p_d^2/p_n is finite. It is not for Laplace data under Gaussian noise, which no sample shows: the error
    then falls more slowly than 1/n, with no normal limit (k-hat in ``weights`` hints at it). Where the noise does not
    cover the data the objective has no maximum: not converged, by the certificate or by status "collapsed", in which
    one noise point carries half of Z-hat or more.

    Examples
    --------
    >>> import numpy as np
    >>> import nce_ref as nr
    >>> rng = np.random.default_rng(0)
    >>> x, noise = rng.standard_normal((4000, 1)), nr.GaussianNoise([0.0], [[2.0]])
    >>> fit = nr.fit_importance_sampling(nr.Gaussian(1), noise, x, noise.sample(20_000, rng), start=[1.0, 0.0])
    >>> fit.status, fit.theta.round(1)
    ('certified', array([ 1. , -0.9]))
    """
    objective = ImportanceSamplingObjective(model, noise, x, y)

    def complete(alpha: Float) -> Float:
        return np.append(alpha, -log_mean_exp(objective.log_weights(alpha)))

    units = units_for(model, x) if offers_units(model) else parameter_units_for(model, x, y)
    starts = collect_starts(units, start, n_starts, rng)[:, :-1]
    fit = fit_from(objective, starts, complete, callback, units, max_evaluations=max_evaluations)
    try:
        log_weights = objective.log_weights(fit.theta[:-1])
    except KeyboardInterrupt:  # the climb is over, and this short pass belongs to its result
        log_weights = objective.log_weights(fit.theta[:-1])
    weights = diagnose_weights(log_weights + fit.theta[-1])
    if weights.largest_share >= _COLLAPSED_SHARE and fit.status not in (INTERRUPTED, SPENT):
        share = f"one of {weights.n_points} noise points carries {weights.largest_share:.3g} of the estimated Z"
        message = (
            f"{share} ({fit.status}: {fit.message}); draw more noise, or noise that covers the data"
        )
        fit = replace(fit, converged=False, status="collapsed", message=message)
    return ImportanceFit(**vars(fit), weights=weights)
