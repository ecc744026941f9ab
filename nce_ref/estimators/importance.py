"""Monte-Carlo maximum likelihood: Z is estimated from the noise sample by importance sampling (``objectives/importance_sampling.py``).

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
from nce_ref.estimators.units import units_for
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

    ``weights``    effective sample size, largest share, tail index k-hat (``importance.WeightDiagnosis``)
    ``converged``  stationary, certified, and no noise point carries half of Z-hat or more. Status "collapsed" otherwise
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
) -> ImportanceFit:
    """Return the fit to data x with noise y drawn from ``noise``, from ``start`` (its c is ignored) or ``n_starts`` random ones.

    Consistent where the noise covers the data, but with an asymptotic variance only if int p_d^2/p_n is finite. It is not for Laplace data
    under Gaussian noise, which no sample shows: the error then falls more slowly than 1/n, with no normal limit (k-hat in ``weights``
    hints at it). Where the noise does not cover the data the objective has no maximum: not converged, by the certificate
    or by status "collapsed", in which one noise point carries half of Z-hat or more.
    Raises ValueError for bad samples, a noise of another dimension, bad starts.
    """
    objective = ImportanceSamplingObjective(model, noise, x, y)

    def complete(alpha: Float) -> Float:
        return np.append(alpha, -log_mean_exp(objective.log_weights(alpha)))

    units = units_for(model, x)
    starts = collect_starts(units, start, n_starts, rng)[:, :-1]
    fit = fit_from(objective, starts, complete, callback, units)
    weights = diagnose_weights(objective.log_weights(fit.theta[:-1]) + fit.theta[-1])
    if weights.largest_share >= _COLLAPSED_SHARE:
        share = f"one of {weights.n_points} noise points carries {weights.largest_share:.3g} of the estimated Z"
        message = (
            f"{share} ({fit.status}: {fit.message}); draw more noise, or noise that covers the data"
        )
        fit = replace(fit, converged=False, status="collapsed", message=message)
    return ImportanceFit(**vars(fit), weights=weights)
