"""Correct NumPy / SciPy implementations, several honest styles."""
import math
import numpy as np
import scipy.linalg as sla
import scipy.stats as st
from scipy.special import expit, log_expit, log_softmax, softmax

SQRT2 = math.sqrt(2.0)
LOG2PI = math.log(2.0 * math.pi)
LOG2 = math.log(2.0)


# ---------------------------------------------------------------- scalar functions
def log_sigmoid_logaddexp(t):
    return {"value": -np.logaddexp(t.dtype.type(0), -t), "grad": np.exp(-np.logaddexp(t.dtype.type(0), t))}


def log_sigmoid_scipy(t):
    return {"value": log_expit(t), "grad": expit(-t)}


def log_sigmoid_min_log1p(t):
    e = np.exp(-np.abs(t))
    return {"value": np.minimum(t, 0) - np.log1p(e), "grad": np.where(t >= 0, e, 1) / (1 + e)}


def sigmoid_scipy(t):
    return {"value": expit(t), "grad": expit(t) * expit(-t)}


def sigmoid_masked(t):
    v = np.empty_like(t)
    g = np.empty_like(t)
    p = t >= 0
    e = np.exp(-t[p])
    v[p] = 1 / (1 + e)
    g[p] = e / (1 + e) ** 2
    e = np.exp(t[~p])
    v[~p] = e / (1 + e)
    g[~p] = e / (1 + e) ** 2
    return {"value": v, "grad": g}


def sigmoid_exp_of_log(t):
    z = t.dtype.type(0)
    ls, lms = -np.logaddexp(z, -t), -np.logaddexp(z, t)
    return {"value": np.exp(ls), "grad": np.exp(ls + lms)}


# ---------------------------------------------------------------- NCE from log ratios
def nce_ratio_logaddexp(log_ratio_data, log_ratio_noise, nu):
    ln_nu = math.log(nu)
    td = len(log_ratio_data)
    z = log_ratio_data.dtype.type(0)
    a = log_ratio_data - ln_nu
    b = log_ratio_noise - ln_nu
    J = -(np.logaddexp(z, -a).sum() + np.logaddexp(z, b).sum()) / td
    return {"value": J,
            "grad_log_ratio_data": np.exp(-np.logaddexp(z, a)) / td,
            "grad_log_ratio_noise": -np.exp(-np.logaddexp(z, -b)) / td}


def nce_ratio_scipy(log_ratio_data, log_ratio_noise, nu):
    a = log_ratio_data - math.log(nu)
    b = log_ratio_noise - math.log(nu)
    return {"value": float(np.mean(log_expit(a)) + nu * np.mean(log_expit(-b))),
            "grad_log_ratio_data": expit(-a) / a.size,
            "grad_log_ratio_noise": -nu * expit(b) / b.size}


def _ln_sig(t):
    return (t if t < 0 else 0.0) - math.log1p(math.exp(-abs(t)))


def _sig(t):
    if t >= 0:
        return 1.0 / (1.0 + math.exp(-t))
    e = math.exp(t)
    return e / (1.0 + e)


def nce_ratio_loops(log_ratio_data, log_ratio_noise, nu):
    td = log_ratio_data.shape[0]
    J = 0.0
    gd = np.zeros_like(log_ratio_data)
    gn = np.zeros_like(log_ratio_noise)
    for i, g in enumerate(log_ratio_data.tolist()):
        t = g - math.log(nu)
        J += _ln_sig(t)
        gd[i] = _sig(-t) / td
    for i, g in enumerate(log_ratio_noise.tolist()):
        t = g - math.log(nu)
        J += _ln_sig(-t)
        gn[i] = -_sig(t) / td
    return {"value": log_ratio_data.dtype.type(J / td), "grad_log_ratio_data": gd, "grad_log_ratio_noise": gn}


# ---------------------------------------------------------------- binary NCE
def bnce_logaddexp(log_model_data, log_model_noise, log_noise_data, log_noise_noise, nu):
    r = nce_ratio_logaddexp(log_model_data - log_noise_data, log_model_noise - log_noise_noise, nu)
    return {"value": r["value"], "grad_log_model_data": r["grad_log_ratio_data"],
            "grad_log_model_noise": r["grad_log_ratio_noise"]}


def bnce_labels(log_model_data, log_model_noise, log_noise_data, log_noise_noise, nu):
    """Logistic regression with labels +1 / -1 over the union of the two samples."""
    td = log_model_data.size
    lm = np.concatenate([log_model_data, log_model_noise])
    ln = np.concatenate([log_noise_data, log_noise_noise])
    lab = np.ones_like(lm)
    lab[td:] = -1
    m = lab * (lm - ln - math.log(nu))
    g = lab * expit(-m) / td
    return {"value": log_expit(m).sum() / td, "grad_log_model_data": g[:td], "grad_log_model_noise": g[td:]}


def bnce_loops(log_model_data, log_model_noise, log_noise_data, log_noise_noise, nu):
    ln_nu = math.log(nu)
    td = len(log_model_data)
    total, gd, gn = 0.0, [], []
    for lm, ln in zip(log_model_data.tolist(), log_noise_data.tolist()):
        t = lm - ln - ln_nu
        total += _ln_sig(t)
        gd.append(_sig(-t) / td)
    for lm, ln in zip(log_model_noise.tolist(), log_noise_noise.tolist()):
        t = lm - ln - ln_nu
        total += _ln_sig(-t)
        gn.append(-_sig(t) / td)
    dt = log_model_data.dtype
    return {"value": total / td, "grad_log_model_data": np.array(gd, dtype=dt),
            "grad_log_model_noise": np.array(gn, dtype=dt)}


def bnce_two_class_softmax(log_model_data, log_model_noise, log_noise_data, log_noise_noise, nu):
    """Two-class log-softmax over the logits (G - ln nu, 0)."""
    def two(g):
        t = g - math.log(nu)
        return np.stack([t, np.zeros_like(t)], axis=1)
    ld, ln = two(log_model_data - log_noise_data), two(log_model_noise - log_noise_noise)
    td = ld.shape[0]
    return {"value": (log_softmax(ld, axis=1)[:, 0].sum() + log_softmax(ln, axis=1)[:, 1].sum()) / td,
            "grad_log_model_data": softmax(ld, axis=1)[:, 1] / td,
            "grad_log_model_noise": -softmax(ln, axis=1)[:, 0] / td}


def bnce_value_only(log_model_data, log_model_noise, log_noise_data, log_noise_noise, nu):
    h_term = -np.mean(np.logaddexp(0, -(log_model_data - log_noise_data - math.log(nu))))
    n_term = -nu * np.mean(np.logaddexp(0, log_model_noise - log_noise_noise - math.log(nu)))
    return {"value": h_term + n_term}


# ---------------------------------------------------------------- Gaussian log density
def gauss_cholesky(u, mean, cov):
    L = np.linalg.cholesky(cov)
    z = sla.solve_triangular(L, (u - mean).T, lower=True)
    n = u.shape[1]
    return {"value": -0.5 * np.sum(z * z, axis=0) - np.log(np.diag(L)).sum() - 0.5 * n * LOG2PI}


def gauss_scipy_stats(u, mean, cov):
    C = st.Covariance.from_cholesky(np.linalg.cholesky(cov.astype(np.float64)))
    v = st.multivariate_normal.logpdf(u.astype(np.float64), mean=mean.astype(np.float64), cov=C)
    return {"value": np.reshape(v, -1).astype(u.dtype)}


def gauss_inverse_einsum(u, mean, cov):
    d = u - mean
    P = np.linalg.inv(cov)
    P = 0.5 * (P + P.T)
    maha = np.einsum("ni,ij,nj->n", d, P, d)
    _, logdet = np.linalg.slogdet(cov)
    return {"value": -0.5 * (maha + logdet + u.shape[1] * LOG2PI)}


def gauss_solve(u, mean, cov):
    d = (u - mean).T
    maha = (d * np.linalg.solve(cov, d)).sum(axis=0)
    return {"value": -0.5 * maha - 0.5 * np.linalg.slogdet(cov)[1] - 0.5 * u.shape[1] * LOG2PI}


def gauss_loops(u, mean, cov):
    n = len(mean)
    S = cov.tolist()
    L = [[0.0] * n for _ in range(n)]
    for i in range(n):
        for j in range(i + 1):
            s = S[i][j] - sum(L[i][k] * L[j][k] for k in range(j))
            L[i][j] = math.sqrt(s) if i == j else s / L[j][j]
    half_logdet = sum(math.log(L[i][i]) for i in range(n))
    out = np.empty(len(u), dtype=u.dtype)
    m = mean.tolist()
    for r, row in enumerate(u.tolist()):
        z = []
        for i in range(n):
            z.append((row[i] - m[i] - sum(L[i][k] * z[k] for k in range(i))) / L[i][i])
        out[r] = -0.5 * sum(v * v for v in z) - half_logdet - 0.5 * n * LOG2PI
    return {"value": out}


# ---------------------------------------------------------------- Laplace ICA log density
def laplace_ld_matmul(B, c, u):
    return {"value": -SQRT2 * np.abs(u @ B.T).sum(axis=1) + c}


def laplace_ld_einsum(B, c, u):
    s = np.einsum("ij,nj->ni", B, u)
    return {"value": c - SQRT2 * np.linalg.norm(s, ord=1, axis=1)}


def laplace_ld_loops(B, c, u):
    return {"value": np.array([c - SQRT2 * sum(abs(float(np.dot(b, p))) for b in B) for p in u], dtype=u.dtype)}


# ---------------------------------------------------------------- Laplace ICA, NCE
def lap_nce_matmul(B, c, x, y, noise_mean, noise_cov):
    td, tn = len(x), len(y)
    sx, sy = x @ B.T, y @ B.T
    gx = -SQRT2 * np.abs(sx).sum(1) + c - gauss_cholesky(x, noise_mean, noise_cov)["value"]
    gy = -SQRT2 * np.abs(sy).sum(1) + c - gauss_cholesky(y, noise_mean, noise_cov)["value"]
    r = nce_ratio_logaddexp(gx, gy, tn / td)
    wx, wy = r["grad_log_ratio_data"], r["grad_log_ratio_noise"]
    gB = -SQRT2 * ((np.sign(sx) * wx[:, None]).T @ x + (np.sign(sy) * wy[:, None]).T @ y)
    return {"value": r["value"], "grad_B": gB, "grad_c": wx.sum() + wy.sum()}


def lap_nce_einsum_stats(B, c, x, y, noise_mean, noise_cov):
    td = x.shape[0]
    nu = y.shape[0] / td
    u = np.vstack([x, y])
    data = np.arange(len(u)) < td
    s = np.einsum("ij,nj->ni", B, u)
    G = c - SQRT2 * np.einsum("ni->n", np.abs(s)) - gauss_scipy_stats(u, noise_mean, noise_cov)["value"]
    t = G - math.log(nu)
    J = np.where(data, log_expit(t), log_expit(-t)).sum() / td
    w = np.where(data, expit(-t), -expit(t)) / td
    return {"value": J, "grad_B": -SQRT2 * np.einsum("n,ni,nj->ij", w, np.sign(s), u), "grad_c": w.sum()}


def lap_nce_loops(B, c, x, y, noise_mean, noise_cov):
    td, tn = x.shape[0], y.shape[0]
    ln_nu = math.log(tn / td)
    gB = np.zeros(B.shape)
    gc = 0.0
    J = 0.0
    for pts, sgn in ((x, 1.0), (y, -1.0)):
        lpn = gauss_loops(pts, noise_mean, noise_cov)["value"].tolist()
        for p, lp in zip(pts, lpn):
            s = B @ p
            t = sgn * (-SQRT2 * float(np.abs(s).sum()) + c - lp - ln_nu)
            J += _ln_sig(t)
            w = sgn * _sig(-t)
            gB -= w * SQRT2 * np.outer(np.sign(s), p)
            gc += w
    return {"value": x.dtype.type(J / td), "grad_B": (gB / td).astype(B.dtype), "grad_c": gc / td}


def lap_nce_theta_columns(B, c, x, y, noise_mean, noise_cov):
    """Points as columns, theta = [vec(B); c] (the way the original MATLAB code is usually ported)."""
    n = B.shape[0]
    X, Y = x.T, y.T
    Td, Tn = X.shape[1], Y.shape[1]
    nu = Tn / Td
    theta = np.append(B.ravel(), B.dtype.type(c))
    W = theta[:-1].reshape(n, n)
    P = np.linalg.inv(noise_cov)
    const = -0.5 * np.linalg.slogdet(noise_cov)[1] - 0.5 * n * LOG2PI

    def G(U):
        D = U - noise_mean[:, None]
        return theta[-1] - SQRT2 * np.abs(W @ U).sum(0) + 0.5 * (D * (P @ D)).sum(0) - const
    hx, hy = G(X) - math.log(nu), G(Y) - math.log(nu)
    J = np.sum(log_expit(hx)) / Td + np.sum(log_expit(-hy)) / Td
    ax, ay = expit(-hx), expit(hy)
    dW = -SQRT2 * ((np.sign(W @ X) * ax) @ X.T - (np.sign(W @ Y) * ay) @ Y.T) / Td
    grad = np.append(dW.ravel(), (ax.sum() - ay.sum()) / Td)
    return {"value": J, "grad_B": grad[:-1].reshape(n, n), "grad_c": float(grad[-1])}


# ---------------------------------------------------------------- Laplace ICA, MLE
def lap_mle_slogdet(B, x):
    s = x @ B.T
    v = -SQRT2 * np.abs(s).sum(axis=1).mean() + np.linalg.slogdet(B)[1] - 0.5 * len(B) * LOG2
    return {"value": v, "grad_B": np.linalg.inv(B).T - SQRT2 * np.sign(s).T @ x / len(x)}


def lap_mle_lu(B, x):
    n = B.shape[0]
    lu = sla.lu_factor(B)
    logdet = np.log(np.abs(np.diag(lu[0]))).sum()
    invT = sla.lu_solve(lu, np.eye(n, dtype=B.dtype), trans=1)
    s = np.einsum("ij,tj->it", B, x)
    return {"value": logdet - SQRT2 * np.abs(s).sum() / x.shape[0] - n / 2 * LOG2,
            "grad_B": invT - SQRT2 * np.einsum("it,tj->ij", np.sign(s), x) / x.shape[0]}


def lap_mle_loops(B, x):
    n = B.shape[0]
    R = np.linalg.qr(B, mode="r")
    logdet = sum(math.log(abs(float(r))) for r in np.diag(R))
    per_source = math.log(1 / SQRT2)
    total = 0.0
    g = np.zeros((n, n))
    for p in x:
        for i in range(n):
            s = float(np.dot(B[i], p))
            total += per_source - SQRT2 * abs(s)
            g[i] -= SQRT2 * ((s > 0) - (s < 0)) * p
    g = g / len(x) + np.linalg.inv(B).T
    return {"value": total / len(x) + logdet, "grad_B": g.astype(B.dtype)}


# ---------------------------------------------------------------- Gaussian, NCE
def gauss_nce_einsum(precision, c, x, y, noise_mean, noise_cov):
    td, tn = len(x), len(y)
    gx = c - 0.5 * np.einsum("ni,ij,nj->n", x, precision, x) - gauss_cholesky(x, noise_mean, noise_cov)["value"]
    gy = c - 0.5 * np.einsum("ni,ij,nj->n", y, precision, y) - gauss_cholesky(y, noise_mean, noise_cov)["value"]
    r = nce_ratio_scipy(gx, gy, tn / td)
    wx, wy = r["grad_log_ratio_data"], r["grad_log_ratio_noise"]
    gP = -0.5 * (np.einsum("n,ni,nj->ij", wx, x, x) + np.einsum("n,ni,nj->ij", wy, y, y))
    return {"value": r["value"], "grad_precision": gP, "grad_c": wx.sum() + wy.sum()}


def gauss_nce_matmul(precision, c, x, y, noise_mean, noise_cov):
    u = np.concatenate([x, y])
    lab = np.repeat(np.array([1, -1], dtype=u.dtype), [len(x), len(y)])
    G = c - 0.5 * ((u @ precision) * u).sum(1) - gauss_solve(u, noise_mean, noise_cov)["value"]
    m = lab * (G - math.log(len(y) / len(x)))
    w = lab * np.exp(-np.logaddexp(u.dtype.type(0), m)) / len(x)
    return {"value": -np.logaddexp(u.dtype.type(0), -m).sum() / len(x),
            "grad_precision": -0.5 * (u.T * w) @ u, "grad_c": float(w.sum())}


IMPLEMENTATIONS = [
    ("c-np-01", "log_sigmoid", log_sigmoid_logaddexp, "np.logaddexp"),
    ("c-np-02", "log_sigmoid", log_sigmoid_scipy, "scipy.special.log_expit / expit"),
    ("c-np-03", "log_sigmoid", log_sigmoid_min_log1p, "min(t,0) - log1p(exp(-|t|))"),
    ("c-np-04", "sigmoid", sigmoid_scipy, "expit(t), expit(t)expit(-t)"),
    ("c-np-05", "sigmoid", sigmoid_masked, "boolean masks for the two signs"),
    ("c-np-06", "sigmoid", sigmoid_exp_of_log, "exp of log-sigmoid"),
    ("c-np-07", "nce_from_log_ratios", nce_ratio_logaddexp, "np.logaddexp"),
    ("c-np-08", "nce_from_log_ratios", nce_ratio_scipy, "log_expit/expit, mean + nu * mean"),
    ("c-np-09", "nce_from_log_ratios", nce_ratio_loops, "python loops with math"),
    ("c-np-10", "binary_nce", bnce_logaddexp, "np.logaddexp"),
    ("c-np-11", "binary_nce", bnce_labels, "labels +-1, concatenated, log_expit"),
    ("c-np-12", "binary_nce", bnce_loops, "python loops with math"),
    ("c-np-13", "binary_nce", bnce_two_class_softmax, "two-class scipy log_softmax (exact to absolute eps; deep tail value is 0, not -exp(-t))"),
    ("c-np-14", "binary_nce", bnce_value_only, "value alone, logaddexp, mean + nu * mean"),
    ("c-np-15", "gaussian_log_density", gauss_cholesky, "Cholesky + solve_triangular"),
    ("c-np-16", "gaussian_log_density", gauss_scipy_stats, "scipy.stats.multivariate_normal (Covariance.from_cholesky, float64 inside)"),
    ("c-np-17", "gaussian_log_density", gauss_inverse_einsum, "explicit inverse, slogdet, einsum"),
    ("c-np-18", "gaussian_log_density", gauss_solve, "np.linalg.solve + slogdet"),
    ("c-np-19", "gaussian_log_density", gauss_loops, "hand-written Cholesky, python loops"),
    ("c-np-20", "laplace_ica_log_density", laplace_ld_matmul, "matmul"),
    ("c-np-21", "laplace_ica_log_density", laplace_ld_einsum, "einsum + L1 norm"),
    ("c-np-22", "laplace_ica_log_density", laplace_ld_loops, "python loops"),
    ("c-np-23", "laplace_ica_nce", lap_nce_matmul, "matmul, Cholesky, logaddexp"),
    ("c-np-24", "laplace_ica_nce", lap_nce_einsum_stats, "einsum, scipy.stats, log_expit over stacked points"),
    ("c-np-25", "laplace_ica_nce", lap_nce_loops, "python loops, float64 accumulators"),
    ("c-np-26", "laplace_ica_nce", lap_nce_theta_columns, "points as columns, theta vector, inverse (MATLAB port)"),
    ("c-np-27", "laplace_ica_mle", lap_mle_slogdet, "slogdet, inv(B).T"),
    ("c-np-28", "laplace_ica_mle", lap_mle_lu, "scipy LU, einsum"),
    ("c-np-29", "laplace_ica_mle", lap_mle_loops, "QR, loops, constant per source"),
    ("c-np-30", "gaussian_nce", gauss_nce_einsum, "einsum, Cholesky, log_expit"),
    ("c-np-31", "gaussian_nce", gauss_nce_matmul, "labels +-1, np.linalg.solve, logaddexp"),
]
