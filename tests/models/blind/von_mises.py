import numpy as np

import nce_ref as nr


class VonMises:
    """An angle's density exp(kappa cos(u - mu) + c); theta = (mu, kappa, c)."""

    n_dim = 1
    n_params = 3

    def log_density(self, theta, u):
        return theta[1] * np.cos(u[:, 0] - theta[0]) + theta[2]

    def pullback(self, theta, u, weights):
        angle = u[:, 0] - theta[0]
        d_mu = theta[1] * np.sin(angle)
        return np.array([weights @ d_mu, weights @ np.cos(angle), weights.sum()])


class UniformAngle:
    def log_density(self, u):
        return np.full(len(u), -np.log(2 * np.pi))

    def sample(self, n_points, rng):
        return rng.uniform(-np.pi, np.pi, size=(n_points, 1))


rng = np.random.default_rng(2)
x = rng.vonmises(0.7, 2.0, size=(5000, 1))
noise = UniformAngle()
y = noise.sample(10000, rng)
model = VonMises()
fit = nr.fit_nce(model, noise, x, y, start=np.array([0.0, 1.0, -2.0]))
cov = nr.estimate_covariance(fit)
print(fit.theta, np.sqrt(np.diag(cov.covariance)))
print(fit.status, fit.warnings)
print(nr.check_model(model, fit.theta, x[:100], rng=rng))
