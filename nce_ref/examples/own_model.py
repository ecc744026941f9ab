"""A model of one's own: two functions are enough for a fit with standard errors.

ln p_m(u) = a u - b u^4 + c has no closed normalising constant. NCE estimates c with the rest.
"""

import numpy as np

import nce_ref as nr


class Quartic:
    """ln p_m = a u - b u^4 + c, theta = (a, b, c)."""

    n_dim, n_params = 1, 3

    def log_density(self, theta, u):  # (n_points,)
        a, b, c = theta
        return a * u[:, 0] - b * u[:, 0] ** 4 + c

    def jacobian(self, theta, u):  # (n_points, n_params): the derivatives by a, b and c
        return np.column_stack([u[:, 0], -(u[:, 0] ** 4), np.ones(len(u))])


def draw(n_points, rng):
    """Points of exp(0.5 u - u^4)/Z, by rejection from the uniform distribution on [-3, 3]."""
    points = np.empty(0)
    while len(points) < n_points:
        u = rng.uniform(-3.0, 3.0, 10 * n_points)
        points = np.append(points, u[rng.random(len(u)) < np.exp(0.5 * u - u**4 - 0.25)])
    return points[:n_points, None]


rng = np.random.default_rng(1)
x = draw(4000, rng)
noise = nr.GaussianNoise.from_data(x)
model = Quartic()
print(nr.check_model(model, [0.3, 0.8, -1.0], x[:50]))

fit = nr.fit_nce(model, noise, x, noise.sample(40_000, rng), start=[0.0, 1.0, 0.0])
errors = nr.estimate_covariance(fit).standard_errors
log_z = np.log(np.trapezoid(np.exp(0.5 * (u := np.linspace(-4, 4, 10_001)) - u**4), u))
for name, estimate, error, truth in zip("abc", fit.theta, errors, [0.5, 1.0, -log_z]):
    print(f"{name} = {estimate:.3f} +- {error:.3f}   right: {truth:.3f}")
print(f"{fit.status}: {fit.message}; warnings: {fit.warnings or 'none'}")
