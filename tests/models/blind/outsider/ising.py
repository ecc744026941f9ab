"""A 3 x 3 Ising grid (free edges), spins -1/+1; theta = (coupling, field, c)."""
import itertools

import numpy as np
import nce_ref as nr


class Ising:
    n_dim = 9
    n_params = 3

    def jacobian(self, theta, u):
        s = u.reshape(-1, 3, 3)
        pairs = (s[:, 1:] * s[:, :-1]).sum((1, 2)) + (s[:, :, 1:] * s[:, :, :-1]).sum((1, 2))
        return np.column_stack([pairs, s.sum((1, 2)), np.ones(len(s))])

    def log_density(self, theta, u):
        return self.jacobian(theta, u) @ theta


if __name__ == "__main__":
    rng = np.random.default_rng(0)
    model = Ising()
    coupling, field = 0.3, 0.1
    states = np.array(list(itertools.product([-1.0, 1.0], repeat=9)))
    weights = np.exp(model.log_density(np.array([coupling, field, 0.0]), states))
    Z = weights.sum()
    truth = np.array([coupling, field, -np.log(Z)])
    x = states[rng.choice(len(states), size=5000, p=weights / Z)]

    noise = nr.BernoulliNoise(np.full(9, 0.5), values=(-1, 1))
    y = noise.sample(20000, rng)

    theta0 = np.array([0.0, 0.0, -9 * np.log(2)])
    print(nr.check_model(model, np.array([0.2, 0.2, -6.0]), x[:20]))
    fit = nr.fit_nce(model, noise, x, y, start=theta0)
    print(fit.summary())
    print("warnings:", fit.warnings)
    print("standard errors:", nr.estimate_covariance(fit).standard_errors)
    print("true (coupling, field, c):", truth)
