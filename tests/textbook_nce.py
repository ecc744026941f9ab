"""A naive NCE objective for Laplace ICA, written from the papers: the functions that the gradient checker is tested
on."""

from __future__ import annotations

import numpy as np

SQRT2 = np.sqrt(2.0)


class TextbookNCE:
    """J and its gradient for Laplace ICA under Gaussian noise, as the papers write them: h = 1 / (1 + nu exp(-G)), no
    stable forms.

    theta = (B row by row, c). The value is complex-safe; the gradient is for real theta.
    """

    def __init__(self, n=3, n_data=50, n_noise=125, seed=0):
        rng = np.random.default_rng([seed, n, n_data])
        self.n, self.nu = n, n_noise / n_data
        mixing = rng.standard_normal((n, n)) + 2.0 * np.eye(n)
        self.x = rng.laplace(scale=1 / SQRT2, size=(n_data, n)) @ mixing.T
        self.cov = mixing @ mixing.T
        self.y = rng.multivariate_normal(np.zeros(n), self.cov, size=n_noise)
        B = np.linalg.inv(mixing) + 0.1 * rng.standard_normal((n, n))
        self.theta = np.append(B.ravel(), np.log(abs(np.linalg.det(B))) - n / 2 * np.log(2.0) + 0.2)

    def log_noise(self, u):
        quadratic = np.einsum("ti,ij,tj->t", u, np.linalg.inv(self.cov), u)
        return -0.5 * quadratic - 0.5 * np.log(np.linalg.det(2 * np.pi * self.cov))

    def h(self, theta, u):
        s = u @ theta[:-1].reshape(self.n, self.n).T
        G = -SQRT2 * (s * np.sign(s.real)).sum(axis=1) + theta[-1] - self.log_noise(u)
        return 1.0 / (1.0 + self.nu * np.exp(-G))

    def value(self, theta):
        return (
            np.log(self.h(theta, self.x)).sum() + np.log(1.0 - self.h(theta, self.y)).sum()
        ) / len(self.x)

    def gradient(self, theta):
        B, total = theta[:-1].reshape(self.n, self.n), np.zeros(self.n**2 + 1)
        for u, weight in ((self.x, 1.0 - self.h(theta, self.x)), (self.y, -self.h(theta, self.y))):
            block = -SQRT2 * np.einsum("t,ti,tj->ij", weight, np.sign(u @ B.T), u)
            total += np.append(block.ravel(), weight.sum())
        return total / len(self.x)

    def kinks(self, theta):
        B = theta[:-1].reshape(self.n, self.n)
        return np.concatenate([(self.x @ B.T).ravel(), (self.y @ B.T).ravel()])

    def __call__(self, theta):
        return self.value(theta), self.gradient(theta.real)


def real_only(fun):
    """The same function for real theta alone, as most code is: no complex step."""

    def f(theta):
        if np.iscomplexobj(theta):
            raise ValueError("theta: got dtype complex128; expected real numbers")
        return fun(theta)

    return f


class Planted:
    """A right value with a wrong gradient."""

    def __init__(self, objective, spoil):
        self.objective, self.spoil, self.kinks = objective, spoil, objective.kinks

    def __call__(self, theta):
        return self.objective.value(theta), self.spoil(self.objective, theta.real)
