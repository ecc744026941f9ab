r"""Conditional noise-contrastive estimation (Ceylan and Gutmann 2018): which of x and y came first, y drawn near x?

    J(alpha) = (2/(kappa n_data)) sum_ij ln sigma(G_ij),     G = ln p_m(x) + ln p_c(y|x) - ln p_m(y) - ln p_c(x|y)

maximised; minus the paper's loss. c cancels, and a symmetric p_c does. The derivatives by G are 2 sigma(-G)/(kappa
n_data), which needs no subtraction, and -2 sigma(G) sigma(-G)/(kappa n_data). J is -2 ln 2 where nothing is known.

Conventions
-----------
alpha   (n_params - 1,)   theta without c
x, y    (n_data, n_dim), (n_data, kappa, n_dim), y[i] drawn from p_c(.|x_i)
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from nce_ref._checks import Float, as_array
from nce_ref.models.base import Model
from nce_ref.noise.conditional import ConditionalNoise, refuse_unfit_conditional_noise
from nce_ref.objectives.pairs import PairedObjective
from nce_ref.special import log_sigmoid_and_slope, sigmoid


class ConditionalObjective(PairedObjective):
    """The objective of conditional NCE as a function of alpha, theta without c, for fixed samples.

        J(alpha) = (2/(kappa n_data)) sum_ij ln sigma(G_ij),   G = ln p_m(x) + ln p_c(y|x) - ln p_m(y) - ln p_c(x|y)

    Parameters
    ----------
    model : Model
        With c as its last parameter, which J does not see.
    conditional_noise : ConditionalNoise
        ``log_density(y, x)``; one that says ``symmetric`` has p_c(y|x) = p_c(x|y), and is not asked.
    x : (n_data, n_dim)
    y : (n_data, kappa, n_dim)
        y[i] drawn from p_c given x[i].

    Raises
    ------
    ValueError
        Where samples, model and noise differ in dimension, are empty, or hold NaN or inf; for a model without c; and
        where ln p_c(y|x) or ln p_c(x|y) is not finite: a step back must be possible.

    Notes
    -----
    Source: Ceylan and Gutmann (2018). Kinks of the data are ridges, kinks of the noise valleys.

    Examples
    --------
    >>> import numpy as np
    >>> import nce_ref as nr
    >>> rng = np.random.default_rng(0)
    >>> model, steps = nr.Gaussian(1), nr.GaussianSteps([[0.5]])
    >>> x = rng.standard_normal((200, 1))
    >>> objective = nr.ConditionalObjective(model, steps, x, steps.sample(x, 3, rng))
    >>> objective.n_params, nr.check_gradient(objective, [1.0]).ok
    (1, True)
    """

    is_variance = False
    reach = 1.0
    slope_rate = 1.0

    def __init__(
        self, model: Model, conditional_noise: ConditionalNoise, x: ArrayLike, y: ArrayLike
    ) -> None:
        super().__init__(model, x, y, "conditional noise-contrastive estimation")
        refuse_unfit_conditional_noise(conditional_noise, self.model.n_dim)
        if not getattr(conditional_noise, "symmetric", False):
            x, y = self.x, self.y
            shape = (self.n_data, self.k)
            forth = as_array(
                "conditional_noise.log_density", conditional_noise.log_density(y, x), 2, shape
            )
            n_dim = self.model.n_dim
            back = conditional_noise.log_density(
                np.repeat(x, self.k, axis=0)[:, None, :], y.reshape(-1, n_dim)
            )
            back = as_array("conditional_noise.log_density", back, 2, (self.n_data * self.k, 1))
            self._offsets = forth - back.reshape(shape)

    def terms(self, G: Float) -> tuple[Float, Float, Float]:
        """(2/kappa) sum_j ln sigma(G_j), and the size of its first and second derivatives."""
        factor = 2.0 / G.shape[1]
        values, slopes = log_sigmoid_and_slope(G)
        return factor * values.sum(axis=1), factor * slopes, factor * slopes * sigmoid(G)

    def overlap(self, alpha: ArrayLike) -> float:
        """The mean of sigma(G) sigma(-G) over all pairs: 1/4 where x and y cannot be told apart."""
        theta = self._theta(alpha)
        bends = sum(float(self._evaluate(theta, rows)[3].sum()) for rows in self._blocks())
        return 0.5 * bends / self.n_data
