"""Maximum likelihood, for models whose normalising constant is known: the yardstick of P10 section 3.1.

Conventions
-----------
x       (n_data, n_dim)
theta   (n_params,)   alpha maximises the likelihood; c = -ln Z(alpha)
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from nce_ref.estimators.fit import Fit, collect_starts, fit_from
from nce_ref.estimators.units import offers_units, refuse_hyperplane, units_for
from nce_ref.models.base import Model
from nce_ref.models.from_functions import as_model
from nce_ref.objectives.likelihood import LikelihoodObjective
from nce_ref.trace import Callback


def fit_mle(
    model: Model,
    x: ArrayLike,
    *,
    start: ArrayLike | None = None,
    n_starts: int | None = None,
    rng: np.random.Generator | None = None,
    callback: Callback | None = None,
    max_evaluations: int | None = None,
    counts_x: ArrayLike | None = None,
) -> Fit:
    """Fit a model by maximum likelihood, for models whose ln Z is known; the end of the climb is certified.

        L(alpha) = (1/n_data) sum_x ln p_m^0(x; alpha) - ln Z(alpha)

    Parameters
    ----------
    model : Model
        With ``log_normalizer`` and its gradient.
    x : (n_data, n_dim)
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
    counts_x : (n_data,), optional
        How often each row was seen, where x holds distinct states: the same fit as of the repeated sample, to rounding.

    Returns
    -------
    Fit
        theta has n_params entries, c = -ln Z.

    Raises
    ------
    ValueError
        For bad data, for data in a hyperplane through the origin (fewer points than dimensions, a column of zeros),
        where the likelihood is unbounded (``estimators/units.py``), or a start whose normalising constant is infinite
        (a singular B).
    NotImplementedError
        Where the model has no closed normalising constant.

    Examples
    --------
    >>> import nce_ref as nr
    >>> fit = nr.fit_mle(nr.Gaussian(1), [[2.0], [-2.0]], start=[1.0, 0.0])
    >>> fit.status, fit.theta.round(4)  # precision 1/4
    ('certified', array([ 0.25  , -1.6121]))
    """
    model = as_model(model, "fit_mle", ("log_normalizer", "log_normalizer_gradient"))
    objective = LikelihoodObjective(model, x, counts_x)
    if objective.counts is not None:
        x = objective.repeated().x if offers_units(model) else objective.x
    units = units_for(model, x)
    starts = collect_starts(units, start, n_starts, rng)
    for k, theta in enumerate(starts):
        if not math.isfinite(model.log_normalizer(theta)):
            raise ValueError(
                f"start: row {k} has an infinite normalising constant; expected an invertible B or a definite precision"
            )
    refuse_hyperplane(model, x)
    return fit_from(
        objective,
        starts[:, :-1],
        complete=lambda alpha: model.normalize(np.append(alpha, 0.0)),
        callback=callback,
        units=units,
        max_evaluations=max_evaluations,
    )
