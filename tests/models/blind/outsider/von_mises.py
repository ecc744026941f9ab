"""Von Mises angles on [-pi, pi); theta = (kappa cos mu, kappa sin mu, c)."""
import numpy as np
import nce_ref as nr


class VonMises:
    n_dim = 1
    n_params = 3

    def jacobian(self, theta, u):
        a = u[:, 0]
        return np.column_stack([np.cos(a), np.sin(a), np.ones_like(a)])

    def log_density(self, theta, u):
        return self.jacobian(theta, u) @ theta


if __name__ == "__main__":
    rng = np.random.default_rng(0)
    mu, kappa = 0.8, 2.5
    x = rng.vonmises(mu, kappa, size=(5000, 1))

    noise = nr.UniformNoise(np.array([-np.pi]), np.array([np.pi]))
    y = noise.sample(20000, rng)

    truth = np.array([kappa * np.cos(mu), kappa * np.sin(mu), -np.log(2 * np.pi * np.i0(kappa))])

    model = VonMises()
    theta0 = np.array([0.0, 0.0, -np.log(2 * np.pi)])
    print(nr.check_model(model, np.array([0.5, 0.5, -2.0]), x[:20]))
    fit = nr.fit_nce(model, noise, x, y, start=theta0)
    print(fit.summary())
    print("warnings:", fit.warnings)
    print("standard errors:", nr.estimate_covariance(fit).standard_errors)
    print("true (kappa cos mu, kappa sin mu, c):", truth)
