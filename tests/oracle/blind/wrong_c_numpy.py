"""Wrong NCE implementations, NumPy with hand-written gradients. Each has exactly one mistake."""
import math
import numpy as np
from scipy.linalg import solve_triangular

SQRT2 = math.sqrt(2.0)


def _logsig(t):
    return np.minimum(t, 0) - np.log1p(np.exp(-np.abs(t)))


def _sig(t):
    e = np.exp(-np.abs(t))
    return np.where(t >= 0, 1 / (1 + e), e / (1 + e))


def _gauss(u, mean, cov):
    n = u.shape[1]
    L = np.linalg.cholesky(cov)
    z = solve_triangular(L, (u - mean).T, lower=True)
    return -0.5 * np.sum(z * z, axis=0) - np.sum(np.log(np.diag(L))) - 0.5 * n * math.log(2 * math.pi)


def nce_mean_over_noise(log_ratio_data, log_ratio_noise, nu):
    td = log_ratio_data - math.log(nu)
    tn = log_ratio_noise - math.log(nu)
    value = np.mean(_logsig(td)) + np.mean(_logsig(-tn))
    return {"value": value,
            "grad_log_ratio_data": _sig(-td) / td.size,
            "grad_log_ratio_noise": -_sig(tn) / tn.size}


def binary_nce_plus_lnnu(log_model_data, log_model_noise, log_noise_data, log_noise_noise, nu):
    td = log_model_data - log_noise_data + math.log(nu)
    tn = log_model_noise - log_noise_noise + math.log(nu)
    T = td.size
    return {"value": (np.sum(_logsig(td)) + np.sum(_logsig(-tn))) / T,
            "grad_log_model_data": _sig(-td) / T,
            "grad_log_model_noise": -_sig(tn) / T}


def ica_nce_kink(B, c, x, y, noise_mean, noise_cov):
    Td, Tn = len(x), len(y)
    lnu = math.log(Tn / Td)
    sd, sn = x @ B.T, y @ B.T
    td = -SQRT2 * np.abs(sd).sum(1) + c - _gauss(x, noise_mean, noise_cov) - lnu
    tn = -SQRT2 * np.abs(sn).sum(1) + c - _gauss(y, noise_mean, noise_cov) - lnu
    wd, wn = _sig(-td), _sig(tn)
    one = B.dtype.type(1)
    gd = np.where(sd >= 0, one, -one)
    gn = np.where(sn >= 0, one, -one)
    gB = -SQRT2 * ((wd[:, None] * gd).T @ x - (wn[:, None] * gn).T @ y) / Td
    return {"value": (_logsig(td).sum() + _logsig(-tn).sum()) / Td,
            "grad_B": gB, "grad_c": (wd.sum() - wn.sum()) / Td}


def ica_mle_inv_not_transposed(B, x):
    T, n = x.shape
    s = x @ B.T
    value = -SQRT2 * np.mean(np.abs(s).sum(1)) + np.linalg.slogdet(B)[1] - 0.5 * n * math.log(2.0)
    grad = -SQRT2 * np.sign(s).T @ x / T + np.linalg.inv(B)
    return {"value": value, "grad_B": grad}


def _gnce_parts(precision, c, x, y, noise_mean, noise_cov):
    lnu = math.log(len(y) / len(x))
    td = -0.5 * np.sum((x @ precision) * x, axis=1) + c - _gauss(x, noise_mean, noise_cov) - lnu
    tn = -0.5 * np.sum((y @ precision) * y, axis=1) + c - _gauss(y, noise_mean, noise_cov) - lnu
    return td, tn


def gaussian_nce_offdiag_doubled(precision, c, x, y, noise_mean, noise_cov):
    Td = len(x)
    td, tn = _gnce_parts(precision, c, x, y, noise_mean, noise_cov)
    wd, wn = _sig(-td), _sig(tn)
    g = -0.5 * ((x * wd[:, None]).T @ x - (y * wn[:, None]).T @ y) / Td
    g = 2 * g - np.diag(np.diag(g))
    return {"value": (_logsig(td).sum() + _logsig(-tn).sum()) / Td,
            "grad_precision": g, "grad_c": (wd.sum() - wn.sum()) / Td}


def gaussian_density_upper_solve(u, mean, cov):
    n = u.shape[1]
    L = np.linalg.cholesky(cov)
    z = solve_triangular(L, (u - mean).T)
    return {"value": -0.5 * np.sum(z * z, axis=0) - np.sum(np.log(np.diag(L)))
            - 0.5 * n * math.log(2 * math.pi)}


def log_sigmoid_grad_sigma(t):
    return {"value": _logsig(t), "grad": _sig(t)}


def sigmoid_zero_hole(t):
    out = np.zeros_like(t)
    grad = np.zeros_like(t)
    pos, neg = t > 0, t < 0
    e = np.exp(-t[pos])
    out[pos] = 1 / (1 + e)
    grad[pos] = e / (1 + e) ** 2
    e = np.exp(t[neg])
    out[neg] = e / (1 + e)
    grad[neg] = e / (1 + e) ** 2
    return {"value": out, "grad": grad}


def ica_density_columns(B, c, u):
    return {"value": -SQRT2 * np.abs(u @ B).sum(axis=1) + c}


def gaussian_nce_grad_noise_mean(precision, c, x, y, noise_mean, noise_cov):
    Td, Tn = len(x), len(y)
    td, tn = _gnce_parts(precision, c, x, y, noise_mean, noise_cov)
    wd, wn = _sig(-td), _sig(tn)
    g = -0.5 * ((x * wd[:, None]).T @ x / Td - (y * wn[:, None]).T @ y / Tn)
    return {"value": (_logsig(td).sum() + _logsig(-tn).sum()) / Td,
            "grad_precision": g, "grad_c": wd.mean() - wn.mean()}


IMPLEMENTATIONS = [
    ("c-numpy-01", "nce_from_log_ratios", nce_mean_over_noise,
     "noise term (value and gradient) is averaged over T_n instead of divided by T_d, so the factor nu is missing; shows when nu != 1"),
    ("c-numpy-02", "binary_nce", binary_nce_plus_lnnu,
     "sign of ln nu flipped, h = sigma(G + ln nu), consistently in value and gradients; shows when nu != 1"),
    ("c-numpy-03", "laplace_ica_nce", ica_nce_kink,
     "derivative of |s| at s = 0 taken as +1 (s >= 0) instead of 0; shows in grad_B only when some b_i . u is exactly 0 with u nonzero"),
    ("c-numpy-04", "laplace_ica_mle", ica_mle_inv_not_transposed,
     "gradient of ln|det B| is inv(B) instead of inv(B).T; shows in grad_B when B is not symmetric (n >= 2), value correct"),
    ("c-numpy-05", "gaussian_nce", gaussian_nce_offdiag_doubled,
     "grad_precision uses the symmetric-matrix rule 2G - diag(G), so off-diagonal entries are doubled; shows for n >= 2, value and grad_c correct"),
    ("c-numpy-06", "gaussian_log_density", gaussian_density_upper_solve,
     "scipy solve_triangular without lower=True on the lower Cholesky factor, so only its diagonal is used in the quadratic form; shows when cov has off-diagonal entries"),
    ("c-numpy-07", "log_sigmoid", log_sigmoid_grad_sigma,
     "gradient returned is sigma(t) instead of sigma(-t) = 1 - sigma(t); shows in grad for all t != 0"),
    ("c-numpy-08", "sigmoid", sigmoid_zero_hole,
     "masks t > 0 and t < 0 leave t == 0 unfilled, so value and grad are 0 there instead of 1/2 and 1/4; shows only at exactly t = 0"),
    ("c-numpy-09", "laplace_ica_log_density", ica_density_columns,
     "projects with u @ B (columns of B) instead of u @ B.T (rows of B); shows when B is not symmetric, n >= 2"),
    ("c-numpy-10", "gaussian_nce", gaussian_nce_grad_noise_mean,
     "value correct, but the noise part of both gradients is averaged over T_n instead of divided by T_d (nu missing in the gradients only); shows when nu != 1"),
]
