"""Noise-contrastive estimation in NumPy and SciPy, without this package: a normal density whose constant nobody tells
it.

The model is ln p_m(u) = -precision u^2/2 + c, two free numbers. Data and noise are told apart by a logistic regression
in which the model is the log-ratio; its maximum has precision = 1/variance, and c = -ln Z without Z having been
computed.
"""

import numpy as np
from scipy.optimize import minimize

rng = np.random.default_rng(0)
nu = 5  # noise points a data point
x = 1.5 * rng.standard_normal(4000)  # data: N(0, 2.25)
y = 2.0 * rng.standard_normal(
    nu * len(x)
)  # noise: N(0, 4), a density that we can draw from and evaluate


def log_noise(u):
    """ln p_n(u), normalised."""
    return -0.5 * u**2 / 4.0 - 0.5 * np.log(2 * np.pi * 4.0)


def log_model(theta, u):
    """ln p_m(u), unnormalised but for the c in it."""
    return -0.5 * theta[0] * u**2 + theta[1]


def loss(theta):
    """Minus J: J = (1/n) [sum over x of ln sigma(G - ln nu) + sum over y of ln sigma(ln nu - G)], G = ln p_m - ln
    p_n."""
    of_data = log_model(theta, x) - log_noise(x) - np.log(nu)
    of_noise = log_model(theta, y) - log_noise(y) - np.log(nu)
    return (np.logaddexp(0, -of_data).sum() + np.logaddexp(0, of_noise).sum()) / len(x)


precision, c = minimize(loss, [1.0, 0.0]).x
print(f"precision {precision:.3f}   right: {1 / 2.25:.3f}")
print(
    f"c         {c:.3f}  right: {-0.5 * np.log(2 * np.pi * 2.25):.3f} = -ln Z, which was never computed"
)
