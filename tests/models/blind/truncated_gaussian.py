import numpy as np

import nce_ref as nr


class TruncatedGaussian:
    """A normal density cut to u >= 0, without its constant; theta = (mean, log of the scale, c)."""

    n_dim = 1
    n_params = 3

    def log_density(self, theta, u):
        mean, log_scale, c = theta
        z = (u[:, 0] - mean) * np.exp(-log_scale)
        return np.where(u[:, 0] >= 0, -0.5 * z**2 + c, -np.inf)

    def jacobian(self, theta, u):
        mean, log_scale, c = theta
        z = (u[:, 0] - mean) * np.exp(-log_scale)
        return np.column_stack([z * np.exp(-log_scale), z**2, np.ones(len(u))])


class Exponential:
    def log_density(self, u):
        return np.where(u[:, 0] >= 0, -u[:, 0], -np.inf)

    def sample(self, n_points, rng):
        return rng.exponential(size=(n_points, 1))


rng = np.random.default_rng(1)
draws = 0.5 + rng.standard_normal(20000)
x = draws[draws >= 0][:5000, None]
noise = Exponential()
y = noise.sample(20000, rng)
model = TruncatedGaussian()
fit = nr.fit_nce(model, noise, x, y, start=np.array([1.0, 0.0, -1.0]))
cov = nr.estimate_covariance(fit)
print(fit.theta, np.sqrt(np.diag(cov.covariance)))
print(fit.status, fit.warnings)
print(nr.check_model(model, fit.theta, x[:100], rng=rng))
