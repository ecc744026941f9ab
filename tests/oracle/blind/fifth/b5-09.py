import numpy as np


def stable_sigmoid(z):
    e = np.exp(-np.abs(z))
    return np.where(z >= 0, 1 / (1 + e), e / (1 + e))


def log_normal(u, mu, cov):
    diff = u - mu
    _, logdet = np.linalg.slogdet(cov)
    maha = np.sum(diff * np.linalg.solve(cov, diff.T).T, axis=1)
    return -0.5 * maha - logdet - 0.5 * u.shape[1] * np.log(2 * np.pi)


def log_model(u, P, c):
    return -0.5 * np.sum((u @ P) * u, axis=1) + c


def impl(precision, c, x, y, noise_mean, noise_cov):
    n = x.shape[0]
    m = y.shape[0]
    nu = m / n
    c = 0.0  # normaliser kept at its initial value
    Gx = log_model(x, precision, c) - log_normal(x, noise_mean, noise_cov)
    Gy = log_model(y, precision, c) - log_normal(y, noise_mean, noise_cov)
    hx = Gx - np.log(nu)
    hy = Gy - np.log(nu)
    J = (-np.logaddexp(0, -hx).sum() - np.logaddexp(0, hy).sum()) / n
    wx = stable_sigmoid(-hx)
    wy = stable_sigmoid(hy)
    gP = (-0.5 * (x * wx[:, None]).T @ x + 0.5 * (y * wy[:, None]).T @ y) / n
    return {"value": J, "grad_precision": gP, "grad_c": 0.0}
