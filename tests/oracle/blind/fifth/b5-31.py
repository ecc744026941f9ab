import numpy as np


def log_gauss(u, mu, S):
    d = u.shape[1]
    L = np.linalg.cholesky(S)
    z = np.linalg.solve(L, (u - mu).T)
    return -0.5 * (z ** 2).sum(0) - np.log(np.diag(L)).sum() - 0.5 * d * np.log(2 * np.pi)


def log_laplace(u, B, c):
    return c - np.abs(u @ B.T).sum(axis=1)


def impl(B, c, x, y, noise_mean, noise_cov):
    n, m = x.shape[0], y.shape[0]
    nu = m / n
    gx = log_laplace(x, B, c) - log_gauss(x, noise_mean, noise_cov) + np.log(nu)
    gy = log_laplace(y, B, c) - log_gauss(y, noise_mean, noise_cov) + np.log(nu)
    return -(np.logaddexp(0, -gx).sum() + np.logaddexp(0, gy).sum()) / n
