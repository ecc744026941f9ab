import itertools

import numpy as np

import nce_ref as nr


class Ising:
    """Nine spins in {-1, 1} on a 3 x 3 grid: exp(J sum of neighbours' products + h sum of spins + c)."""

    n_dim = 9
    n_params = 3

    def features(self, u):
        s = u.reshape(-1, 3, 3)
        pairs = (s[:, 1:] * s[:, :-1]).sum((1, 2)) + (s[:, :, 1:] * s[:, :, :-1]).sum((1, 2))
        return np.column_stack([pairs, u.sum(1), np.ones(len(u))])

    def log_density(self, theta, u):
        return self.features(u) @ theta

    def jacobian(self, theta, u):
        return self.features(u)


rng = np.random.default_rng(3)
model = Ising()
states = np.array(list(itertools.product([-1.0, 1.0], repeat=9)))
p = np.exp(model.log_density(np.array([0.3, 0.1, 0.0]), states))
x = states[rng.choice(512, size=5000, p=p / p.sum())]
noise = nr.BernoulliNoise(np.full(9, 0.5))
y = noise.sample(10000, rng)
fit = nr.fit_nce(model, noise, x, y, start=np.zeros(3))
cov = nr.estimate_covariance(fit)
print(fit.theta, np.sqrt(np.diag(cov.covariance)))
print(fit.status, fit.warnings)
print(nr.check_model(model, fit.theta, x[:100], rng=rng))
