"""Wrong NumPy / SciPy implementations: one realistic mistake each."""
import math
import numpy as np
import scipy.linalg as sla
from scipy.special import expit, log_expit

SQRT2 = math.sqrt(2.0)
LOG2PI = math.log(2.0 * math.pi)


def _gauss(u, mean, cov):
    L = np.linalg.cholesky(cov)
    z = sla.solve_triangular(L, (u - mean).T, lower=True)
    return -0.5 * np.sum(z * z, axis=0) - np.log(np.diag(L)).sum() - 0.5 * u.shape[1] * LOG2PI


def w01(log_ratio_data, log_ratio_noise, nu):
    a, b = log_ratio_data - math.log(nu), log_ratio_noise - math.log(nu)
    td = len(a)
    with np.errstate(all="ignore"):
        J = (np.log(1 / (1 + np.exp(-a))).sum() + np.log(1 / (1 + np.exp(b))).sum()) / td
    return {"value": J, "grad_log_ratio_data": expit(-a) / td, "grad_log_ratio_noise": -expit(b) / td}


def w02(log_model_data, log_model_noise, log_noise_data, log_noise_noise, nu):
    a = log_model_data - log_noise_data - math.log(nu)
    b = log_model_noise - log_noise_noise - math.log(nu)
    eps = 1e-7
    hd = np.clip(expit(a), eps, 1 - eps)
    hn = np.clip(expit(b), eps, 1 - eps)
    J = (np.log(hd).sum() + np.log(1 - hn).sum()) / len(a)
    return {"value": J, "grad_log_model_data": expit(-a) / len(a), "grad_log_model_noise": -expit(b) / len(a)}


def w03(u, mean, cov):
    L = np.linalg.cholesky(cov)
    z = sla.solve_triangular(L, (u - mean).T, lower=True)
    logdet = np.log(np.diag(L)).sum()
    return {"value": -0.5 * (np.sum(z ** 2, axis=0) + logdet + u.shape[1] * LOG2PI)}


def w04(B, x):
    s = x @ B.T
    v = -SQRT2 * np.abs(s).sum(axis=1).mean() + np.linalg.slogdet(B)[1] - 0.5 * len(B) * math.log(2)
    return {"value": v, "grad_B": np.linalg.inv(B) - SQRT2 * np.sign(s).T @ x / len(x)}


def w05(B, c, x, y, noise_mean, noise_cov):
    td, tn = len(x), len(y)
    sx, sy = x @ B, y @ B
    tx = -SQRT2 * np.abs(sx).sum(1) + c - _gauss(x, noise_mean, noise_cov) - math.log(tn / td)
    ty = -SQRT2 * np.abs(sy).sum(1) + c - _gauss(y, noise_mean, noise_cov) - math.log(tn / td)
    wx, wy = expit(-tx) / td, -expit(ty) / td
    gB = -SQRT2 * (x.T @ (np.sign(sx) * wx[:, None]) + y.T @ (np.sign(sy) * wy[:, None]))
    return {"value": (log_expit(tx).sum() + log_expit(-ty).sum()) / td, "grad_B": gB, "grad_c": wx.sum() + wy.sum()}


def w06(precision, c, x, y, noise_mean, noise_cov):
    td, tn = len(x), len(y)
    tx = c - 0.5 * np.sum((x @ precision) * x, 1) - _gauss(x, noise_mean, noise_cov) - math.log(tn / td)
    ty = c - 0.5 * np.sum((y @ precision) * y, 1) - _gauss(y, noise_mean, noise_cov) - math.log(tn / td)
    wx, wy = expit(-tx) / td, -expit(ty) / td
    g = -0.5 * ((x.T * wx) @ x + (y.T * wy) @ y)
    g = 2 * g - np.diag(np.diag(g))
    return {"value": (log_expit(tx).sum() + log_expit(-ty).sum()) / td, "grad_precision": g, "grad_c": wx.sum() + wy.sum()}


def w07(log_ratio_data, log_ratio_noise, nu):
    a, b = log_ratio_data - math.log(nu), log_ratio_noise - math.log(nu)
    return {"value": log_expit(a).mean() + log_expit(-b).mean(),
            "grad_log_ratio_data": expit(-a) / len(a), "grad_log_ratio_noise": -expit(b) / len(b)}


def w08(t):
    def sigmoid(x, deriv=False):
        if deriv:
            return x * (1 - x)
        return expit(x)
    return {"value": sigmoid(t), "grad": sigmoid(t, deriv=True)}


def w09(B, c, x, y, noise_mean, noise_cov):
    td, tn = len(x), len(y)
    u = np.vstack([x, y])
    lab = np.r_[np.ones(td, u.dtype), -np.ones(tn, u.dtype)]
    s = u @ B.T
    t = lab * (c - SQRT2 * np.abs(s).sum(1) - _gauss(u, noise_mean, noise_cov) - math.log(tn / td))
    w = lab * expit(-t) / td
    sg = np.where(s >= 0, 1, -1).astype(u.dtype)
    return {"value": log_expit(t).sum() / td, "grad_B": -SQRT2 * (sg * w[:, None]).T @ u, "grad_c": w.sum()}


def w10(u, mean, cov):
    L = sla.cholesky(cov)
    z = sla.solve_triangular(L, (u - mean).T, lower=True)
    return {"value": -0.5 * (z ** 2).sum(0) - np.log(np.diag(L)).sum() - 0.5 * u.shape[1] * LOG2PI}


def w11(B, c, u):
    scale = SQRT2
    return {"value": -(np.abs(u @ B.T) / scale).sum(axis=1) + c}


def w12(log_model_data, log_model_noise, log_noise_data, log_noise_noise, nu):
    a = log_model_data - log_noise_data - math.log(nu)
    b = log_model_noise - log_noise_noise - math.log(nu)
    J = -(np.logaddexp(0, -a).sum() + np.logaddexp(0, b).sum()) / len(a)
    return {"value": J, "grad_log_model_data": expit(a) / len(a), "grad_log_model_noise": -expit(b) / len(a)}


def w13(t):
    t = np.clip(t, -500, 500)
    return {"value": log_expit(t), "grad": expit(-t)}


def w14(B, x):
    s = x @ B.T
    n = len(B)
    total = np.sum(-SQRT2 * np.abs(s) - 0.5 * math.log(2)) + np.linalg.slogdet(B)[1]
    g = -SQRT2 * np.sign(s).T @ x + np.linalg.inv(B).T
    return {"value": total / len(x), "grad_B": g / len(x)}


def w15(u, mean, cov):
    with np.errstate(all="ignore"):
        logdet = np.log(np.linalg.det(cov))
    d = (u - mean).T
    maha = (d * np.linalg.solve(cov, d)).sum(0)
    return {"value": -0.5 * (maha + logdet + u.shape[1] * LOG2PI)}


def w16(t):
    return {"value": -np.logaddexp2(t.dtype.type(0), -t), "grad": expit(-t)}


IMPLEMENTATIONS = [
    ("b-np-01", "nce_from_log_ratios", w01, "value by naive log(1/(1+exp(-t))): exp overflows, value -inf for |t| > 709 in float64, > 88 in float32 (and loses relative accuracy when h is near 1); gradients right"),
    ("b-np-02", "binary_nce", w02, "Keras-style clipping of h to [1e-7, 1-1e-7] before the log: value saturates at ln 1e-7 = -16.1 per point once |t| > 16; gradients right"),
    ("b-np-03", "gaussian_log_density", w03, "log-determinant from Cholesky without the factor 2 (sum ln L_ii taken as ln det cov): wrong constant whenever det cov != 1"),
    ("b-np-04", "laplace_ica_mle", w04, "gradient of ln|det B| is inv(B) instead of its transpose: gradient wrong for every non-symmetric B, value right"),
    ("b-np-05", "laplace_ica_nce", w05, "projects with x @ B instead of x @ B.T (columns instead of rows of B), value and gradient consistently: shows for non-symmetric B"),
    ("b-np-06", "gaussian_nce", w06, "off-diagonal gradient entries doubled (derivative for the symmetric parametrisation 2S - diag S): gradient only"),
    ("b-np-07", "nce_from_log_ratios", w07, "noise sum divided by T_n instead of T_d (mean + mean, no nu weight), ln nu inside h is right: shows for nu != 1"),
    ("b-np-08", "sigmoid", w08, "derivative x*(1-x) applied to the pre-activation t rather than to sigmoid(t) (famous tutorial bug): gradient wrong everywhere"),
    ("b-np-09", "laplace_ica_nce", w09, "sign by np.where(s >= 0, 1, -1): derivative of |.| is 1 rather than 0 at an exact kink; shows only in grad_B when b_i.u = 0"),
    ("b-np-10", "gaussian_log_density", w10, "scipy.linalg.cholesky returns the UPPER factor by default, used with lower=True, so off-diagonal covariances are ignored: shows for non-diagonal cov"),
    ("b-np-11", "laplace_ica_log_density", w11, "Laplace scale inverted: |s|/sqrt(2) instead of sqrt(2)|s|: shows wherever B u != 0"),
    ("b-np-12", "binary_nce", w12, "data gradient uses h instead of 1-h: gradient only, shows except where h = 1/2"),
    ("b-np-13", "log_sigmoid", w13, "input clipped to [-500, 500] against overflow (Stack Overflow recipe): value -500 for t < -500"),
    ("b-np-14", "laplace_ica_mle", w14, "ln|det B| (and inv(B).T) added once to the sum over samples and then divided by T: shows for T > 1 and |det B| != 1 (gradient: always for T > 1)"),
    ("b-np-15", "gaussian_log_density", w15, "np.log(np.linalg.det(cov)): determinant under/overflows, +-inf for very small or large covariances (det < 1e-308, in float32 det < 1e-38 or > 1e38, e.g. 1e-12 scale and n >= 4)"),
    ("b-np-16", "log_sigmoid", w16, "np.logaddexp2 (base 2) instead of np.logaddexp: value wrong everywhere except in the tails' leading behaviour"),
]
