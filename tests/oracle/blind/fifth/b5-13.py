import numpy as np

SQRT2 = np.sqrt(2.0)


def sigmoid(z):
    return 0.5 + 0.5 * np.tanh(z / 2)


def gauss_logpdf(u, mean, cov):
    r = u - mean
    sign, ld = np.linalg.slogdet(2 * np.pi * cov)
    return -0.5 * (ld + np.einsum('ni,ni->n', r, np.linalg.solve(cov, r.T).T))


def impl(B, c, x, y, noise_mean, noise_cov):
    T = x.shape[0]
    log_nu = np.log(y.shape[0] / T)
    sx = x @ B.T
    sy = y @ B.T
    ux = -SQRT2 * np.abs(sx).sum(1) + c - gauss_logpdf(x, noise_mean, noise_cov) - log_nu
    uy = -SQRT2 * np.abs(sy).sum(1) + c - gauss_logpdf(y, noise_mean, noise_cov) - log_nu
    J = -(np.logaddexp(0, -ux).sum() + np.logaddexp(0, uy).sum()) / T

    a = 1.0 - sigmoid(ux)
    b = sigmoid(uy)
    dB = (-(np.sign(sx) * a[:, None]).T @ x + (np.sign(sy) * b[:, None]).T @ y) / T
    dc = (a.sum() - b.sum()) / T
    return dict(value=J, grad_B=dB, grad_c=dc)
