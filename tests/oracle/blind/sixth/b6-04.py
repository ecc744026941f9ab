import numpy as np
from scipy.special import expit, log_expit
from scipy.stats import multivariate_normal

SQRT2 = np.sqrt(2.0)


def impl(B, c, x, y, noise_mean, noise_cov):
    """NCE for the Laplacian ICA model, ln p_m = -sqrt(2) sum |b_i u| + c."""
    pn = multivariate_normal(noise_mean, noise_cov)
    n_x, n_y = x.shape[0], y.shape[0]
    nu = n_y / n_x
    sx, sy = x @ B.T, y @ B.T
    gx = -SQRT2 * np.abs(sx).sum(1) + c - np.atleast_1d(pn.logpdf(x)) - np.log(nu)
    gy = -SQRT2 * np.abs(sy).sum(1) + c - np.atleast_1d(pn.logpdf(y)) - np.log(nu)
    J = (log_expit(gx).sum() + log_expit(-gy).sum()) / n_x

    wx = expit(-gx) / n_x
    wy = -expit(gy) / n_x
    dB = -(np.sign(sx) * wx[:, None]).T @ x - (np.sign(sy) * wy[:, None]).T @ y
    return {"value": J, "grad_B": dB, "grad_c": wx.sum() + wy.sum()}
