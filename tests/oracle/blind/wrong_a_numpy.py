"""NumPy implementations with hand-written gradients."""
import math
import numpy as np
from scipy.linalg import solve_triangular

SQRT2 = math.sqrt(2.0)
LOG_2PI = math.log(2.0 * math.pi)


def sig(t):
    e = np.exp(-np.abs(t))
    return np.where(t >= 0, 1.0 / (1.0 + e), e / (1.0 + e))


def logsig(t):
    return np.minimum(t, 0.0) - np.log1p(np.exp(-np.abs(t)))


def log_gauss(u, mean, cov):
    L = np.linalg.cholesky(cov)
    z = solve_triangular(L, (u - mean).T, lower=True)
    return (-0.5 * np.sum(z * z, axis=0) - np.sum(np.log(np.diag(L)))
            - 0.5 * u.shape[1] * LOG_2PI)


def wrong_01(log_model_data, log_model_noise, log_noise_data, log_noise_noise, nu):
    T_d, T_n = log_model_data.shape[0], log_model_noise.shape[0]
    t_d = log_model_data - log_noise_data - math.log(nu)
    t_n = log_model_noise - log_noise_noise - math.log(nu)
    value = (logsig(t_d).sum() + logsig(-t_n).sum()) / T_d
    return {"value": float(value),
            "grad_log_model_data": sig(-t_d) / T_d,
            "grad_log_model_noise": -sig(t_n) / T_n}


def wrong_02(B, c, x, y, noise_mean, noise_cov):
    T_d, T_n = x.shape[0], y.shape[0]
    log_nu = math.log(T_n / T_d)
    s_x, s_y = x @ B.T, y @ B.T
    t_d = -SQRT2 * np.abs(s_x).sum(axis=1) + c - log_gauss(x, noise_mean, noise_cov) - log_nu
    t_n = -SQRT2 * np.abs(s_y).sum(axis=1) + c - log_gauss(y, noise_mean, noise_cov) - log_nu
    value = (logsig(t_d).sum() + logsig(-t_n).sum()) / T_d
    w_d, w_n = sig(-t_d) / T_d, -sig(t_n) / T_d
    one = B.dtype.type(1)
    sgn_x = np.where(s_x >= 0, one, -one)
    sgn_y = np.where(s_y >= 0, one, -one)
    grad_B = -SQRT2 * ((w_d[:, None] * sgn_x).T @ x + (w_n[:, None] * sgn_y).T @ y)
    return {"value": float(value), "grad_B": grad_B, "grad_c": float(w_d.sum() + w_n.sum())}


def wrong_03(B, x):
    T, n = x.shape
    s = x @ B.T
    _, logabsdet = np.linalg.slogdet(B)
    value = -SQRT2 * np.abs(s).sum(axis=1).mean() + logabsdet - 0.5 * n * math.log(2.0)
    grad_B = -SQRT2 * (np.sign(s).T @ x) / T + np.linalg.inv(B)
    return {"value": float(value), "grad_B": grad_B}


def wrong_04(precision, c, x, y, noise_mean, noise_cov):
    T_d, T_n = x.shape[0], y.shape[0]
    log_nu = math.log(T_n / T_d)
    t_d = -0.5 * np.sum((x @ precision) * x, axis=1) + c - log_gauss(x, noise_mean, noise_cov) - log_nu
    t_n = -0.5 * np.sum((y @ precision) * y, axis=1) + c - log_gauss(y, noise_mean, noise_cov) - log_nu
    value = (logsig(t_d).sum() + logsig(-t_n).sum()) / T_d
    w_d, w_n = sig(-t_d) / T_d, -sig(t_n) / T_d
    g = -0.5 * ((w_d[:, None] * x).T @ x + (w_n[:, None] * y).T @ y)
    # precision is symmetric: dJ/dS = G + G' - diag(G)
    grad_precision = g + g.T - np.diag(np.diag(g))
    return {"value": float(value), "grad_precision": grad_precision,
            "grad_c": float(w_d.sum() + w_n.sum())}


def wrong_05(u, mean, cov):
    n = u.shape[1]
    L = np.linalg.cholesky(cov)
    z = solve_triangular(L.T, (u - mean).T, lower=False)
    maha = np.sum(z ** 2, axis=0)
    return {"value": -0.5 * maha - np.sum(np.log(np.diag(L))) - 0.5 * n * LOG_2PI}


def wrong_06(log_ratio_data, log_ratio_noise, nu):
    T_d = log_ratio_data.shape[0]
    log_nu = math.log(nu)
    value = (logsig(log_ratio_data - log_nu).sum() + logsig(-(log_ratio_noise - log_nu)).sum()) / T_d
    h_noise = sig(log_ratio_noise)
    one_minus_h_data = sig(-log_ratio_data)
    return {"value": float(value),
            "grad_log_ratio_data": one_minus_h_data / T_d,
            "grad_log_ratio_noise": -h_noise / T_d}


def wrong_07(t):
    value = np.zeros_like(t)
    pos, neg = t > 0, t < 0
    value[pos] = 1.0 / (1.0 + np.exp(-t[pos]))
    e = np.exp(t[neg])
    value[neg] = e / (1.0 + e)
    grad = np.exp(-np.abs(t)) / (1.0 + np.exp(-np.abs(t))) ** 2
    return {"value": value, "grad": grad}


def wrong_08(t):
    with np.errstate(over="ignore"):
        value = -np.log1p(np.exp(-t))
    return {"value": value, "grad": sig(-t)}


def wrong_09(B, c, x, y, noise_mean, noise_cov):
    T_d, T_n = x.shape[0], y.shape[0]
    log_nu = math.log(T_n / T_d)
    s_x, s_y = x @ B.T, y @ B.T
    G_d = -SQRT2 * np.abs(s_x).sum(axis=1) + c - log_gauss(x, noise_mean, noise_cov)
    G_n = -SQRT2 * np.abs(s_y).sum(axis=1) + c - log_gauss(y, noise_mean, noise_cov)
    log_h = logsig(G_d - log_nu)
    log_1mh = logsig(-G_n - log_nu)
    w_d, w_n = sig(-(G_d - log_nu)) / T_d, -sig(G_n - log_nu) / T_d
    grad_B = -SQRT2 * ((w_d[:, None] * np.sign(s_x)).T @ x + (w_n[:, None] * np.sign(s_y)).T @ y)
    return {"value": float((log_h.sum() + log_1mh.sum()) / T_d),
            "grad_B": grad_B, "grad_c": float(w_d.sum() + w_n.sum())}


def wrong_10(log_model_data, log_model_noise, log_noise_data, log_noise_noise, nu):
    T_d = log_model_data.shape[0]
    with np.errstate(all="ignore"):
        pm_d, pn_d = np.exp(log_model_data), np.exp(log_noise_data)
        pm_n, pn_n = np.exp(log_model_noise), np.exp(log_noise_noise)
        h_d = pm_d / (pm_d + nu * pn_d)
        one_mh_d = nu * pn_d / (pm_d + nu * pn_d)
        h_n = pm_n / (pm_n + nu * pn_n)
        one_mh_n = nu * pn_n / (pm_n + nu * pn_n)
        value = (np.log(h_d).sum() + np.log(one_mh_n).sum()) / T_d
    return {"value": float(value),
            "grad_log_model_data": one_mh_d / T_d,
            "grad_log_model_noise": -h_n / T_d}


def wrong_11(precision, c, x, y, noise_mean, noise_cov):
    T_d, T_n = x.shape[0], y.shape[0]
    log_nu = math.log(T_n / T_d)
    t_d = -0.5 * np.sum((x @ precision) * x, axis=1) + c - log_gauss(x, noise_mean, noise_cov) - log_nu
    t_n = -0.5 * np.sum((y @ precision) * y, axis=1) + c - log_gauss(y, noise_mean, noise_cov) - log_nu
    value = (logsig(t_d).sum() + logsig(-t_n).sum()) / T_d
    w_d, w_n = sig(-t_d) / T_d, -sig(t_n) / T_d
    xc, yc = x - noise_mean, y - noise_mean
    grad_precision = -0.5 * ((w_d[:, None] * xc).T @ xc + (w_n[:, None] * yc).T @ yc)
    return {"value": float(value), "grad_precision": grad_precision,
            "grad_c": float(w_d.sum() + w_n.sum())}


IMPLEMENTATIONS = [
    ("a-numpy-01", "binary_nce", wrong_01,
     "grad_log_model_noise is divided by T_n instead of T_d (value and data gradient right); wrong when T_n != T_d."),
    ("a-numpy-02", "laplace_ica_nce", wrong_02,
     "the sign of a projection that is exactly 0 is taken as +1 instead of 0; only grad_B is wrong, and only when some b_i.u = 0 with u != 0 (kink)."),
    ("a-numpy-03", "laplace_ica_mle", wrong_03,
     "gradient of ln|det B| is inv(B) instead of its transpose; only grad_B is wrong, for non-symmetric B."),
    ("a-numpy-04", "gaussian_nce", wrong_04,
     "grad_precision uses the symmetric-matrix formula G+G'-diag(G), so off-diagonal entries are doubled; only the off-diagonals of grad_precision are wrong."),
    ("a-numpy-05", "gaussian_log_density", wrong_05,
     "whitening solves with L' instead of the Cholesky factor L, so the quadratic form uses inv(L'L) and not inv(LL'); wrong only for non-diagonal cov."),
    ("a-numpy-06", "nce_from_log_ratios", wrong_06,
     "both gradients use sigma(G) without the -ln nu shift (the value has it); gradients wrong when nu != 1."),
    ("a-numpy-07", "sigmoid", wrong_07,
     "masks t>0 and t<0 leave t == 0 unfilled, so value is 0 instead of 0.5 exactly at t = 0 (grad right)."),
    ("a-numpy-08", "log_sigmoid", wrong_08,
     "value is the naive -log1p(exp(-t)), which overflows to -inf for very negative t (about -89 in float32, -710 in float64) instead of about t; grad right."),
    ("a-numpy-09", "laplace_ica_nce", wrong_09,
     "in the noise term ln(1-h) the minus sign is not distributed over ln nu: log_sigmoid(-G - ln nu) instead of log_sigmoid(-G + ln nu); only value wrong, when nu != 1."),
    ("a-numpy-10", "binary_nce", wrong_10,
     "h is computed as p_m/(p_m + nu p_n) from exponentiated log-densities; underflow/overflow gives nan or inf (value and gradients) for log-densities that are large in magnitude (f32 about -103/+88, f64 about -745/+709), inaccurate just before."),
    ("a-numpy-11", "gaussian_nce", wrong_11,
     "grad_precision uses points centred by noise_mean although the model has zero mean; only grad_precision is wrong, when noise_mean != 0."),
]
