"""Conditional noise-contrastive estimation: alpha maximises the objective of ``objectives/conditional.py`` (Ceylan and
Gutmann 2018).

Conventions
-----------
x, y    (n_data, n_dim), (n_data, kappa, n_dim)   y[i] drawn given x[i]
theta   (n_params,)   c is not estimated: see ``estimators/contrastive.py``
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike

from nce_ref.estimators.contrastive import fit_without_c
from nce_ref.estimators.fit import Fit
from nce_ref.models.base import Model
from nce_ref.noise.conditional import ConditionalNoise
from nce_ref.objectives.conditional import ConditionalObjective
from nce_ref.trace import Callback

# 4 E[sigma(G) sigma(-G)] above which x and y are as good as alike: steps of a tenth of the data's size for Laplace ICA.
_SMALL_STEPS = 0.99
SMALL_STEPS = (
    "the steps are small: 4 mean sigma(G) sigma(-G) = {used:.4f}, nearly 1, so that x and y are"
    " hardly told apart; the covariance of the estimate grows like 1/(kappa eps^2) as the steps'"
    " size eps falls{more}; draw y farther from x"
)
OF_KINKS = ", and like 1/eps however many there are, since this model has kinks"


def fit_conditional_nce(
    model: Model,
    conditional_noise: ConditionalNoise,
    x: ArrayLike,
    y: ArrayLike,
    *,
    start: ArrayLike | None = None,
    n_starts: int | None = None,
    rng: np.random.Generator | None = None,
    callback: Callback | None = None,
    max_evaluations: int | None = None,
) -> Fit:
    """Fit a model to data x by telling each datum from points y drawn near it, from ``start`` or from ``n_starts``
    random ones.

    Parameters
    ----------
    model : Model
        With c as its last parameter.
    conditional_noise : ConditionalNoise
        Symmetric or not: one that says ``symmetric`` is not asked for densities.
    x : (n_data, n_dim)
    y : (n_data, kappa, n_dim)
        ``conditional_noise.sample(x, kappa, rng)``.
    start : (n_params,) or (n_starts, n_params), optional
        c is ignored.
    n_starts, rng : int and numpy.random.Generator, optional
        In the place of ``start``.
    callback : callable, optional
        ``callback(theta)`` after each accepted step.
    max_evaluations : int, optional
        Of the objective, over all starts: then, as after Ctrl-C, the best so far, status "budget spent"
        ("interrupted").

    Returns
    -------
    Fit
        ``theta[-1]`` is -ln Z(alpha) where the model knows it, else 0: c is not identified, which ``warnings`` says.
        Maxima are certified with a bound on rounding where the model is affine in theta between kinks (CONTRASTIVE.md).

    Raises
    ------
    ValueError
        For bad samples (shape, NaN, empty), a noise of another dimension, a model without c, starts of the wrong
        length, and steps that cannot be taken back.

    Notes
    -----
    Source: Ceylan and Gutmann (2018). Small steps are inefficient: the covariance grows like 1/(kappa eps^2), and where
    the model has kinks like 1/eps at kappa = infinity, too; ``conditional_covariance`` tells it.

    Examples
    --------
    >>> import numpy as np
    >>> import nce_ref as nr
    >>> rng = np.random.default_rng(0)
    >>> model, steps = nr.Gaussian(1), nr.GaussianSteps([[1.0]])
    >>> x = rng.standard_normal((1000, 1))
    >>> fit = nr.fit_conditional_nce(model, steps, x, steps.sample(x, 5, rng), start=[0.5, 0.0])
    >>> fit.converged, bool(abs(fit.theta[0] - 1.0) < 0.3)
    (True, True)
    """
    objective = ConditionalObjective(model, conditional_noise, x, y)
    points = objective.y.reshape(-1, objective.model.n_dim)
    fit = fit_without_c(objective, points, start, n_starts, rng, callback, max_evaluations)
    used = 4.0 * objective.overlap(fit.theta[:-1])
    if not used > _SMALL_STEPS:
        return fit
    kinks = bool(objective.kinks(fit.theta[:-1]).size)
    word = SMALL_STEPS.format(used=used, more=OF_KINKS if kinks else "")
    return replace(fit, warnings=(*fit.warnings, word))
