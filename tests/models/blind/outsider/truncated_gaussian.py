"""A Gaussian truncated to [low, high]; theta = (mean, precision, c)."""
import math

import numpy as np
import nce_ref as nr


class TruncatedGaussian:
    n_dim = 1
    n_params = 3

    def __init__(self, low, high):
        self.low, self.high = low, high

    def log_density(self, theta, u):
        mean, precision, c = theta
        x = u[:, 0]
        inside = (x >= self.low) & (x <= self.high)
        return np.where(inside, -0.5 * precision * (x - mean) ** 2 + c, -np.inf)

    def jacobian(self, theta, u):
        mean, precision, _ = theta
        d = u[:, 0] - mean
        return np.column_stack([precision * d, -0.5 * d**2, np.ones_like(d)])


if __name__ == "__main__":
    rng = np.random.default_rng(0)
    low, high, mean, precision = -1.0, 2.0, 0.5, 2.0
    x = rng.normal(mean, precision**-0.5, size=(20000, 1))
    x = x[(x[:, 0] >= low) & (x[:, 0] <= high)][:5000]

    noise = nr.UniformNoise(np.array([low]), np.array([high]))
    y = noise.sample(20000, rng)

    s = math.sqrt(precision / 2)
    Z = math.sqrt(math.pi / (2 * precision)) * (math.erf(s * (high - mean)) - math.erf(s * (low - mean)))
    truth = np.array([mean, precision, -math.log(Z)])

    model = TruncatedGaussian(low, high)
    theta0 = np.array([x.mean(), 1 / x.var(), -math.log(high - low)])
    print(nr.check_model(model, theta0, x[:20]))
    fit = nr.fit_nce(model, noise, x, y, start=theta0)
    print(fit.summary())
    print("warnings:", fit.warnings)
    print("standard errors:", nr.estimate_covariance(fit).standard_errors)
    print("true (mean, precision, c):", truth)
