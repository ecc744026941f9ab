"""Wrong on purpose (one slip each), NumPy with gradients by hand."""
import numpy as np
from scipy.linalg import solve_triangular
from scipy.optimize import minimize

SQRT2 = float(np.sqrt(2.0))
LOG_2PI = float(np.log(2.0 * np.pi))


def _sig(t):
    e = np.exp(-np.abs(t))
    return np.where(t >= 0, 1.0 / (1.0 + e), e / (1.0 + e)).astype(t.dtype)


def _logsig(t):
    return np.minimum(t, 0) - np.log1p(np.exp(-np.abs(t)))


def _log_gauss(u, mean, cov):
    L = np.linalg.cholesky(cov)
    z = solve_triangular(L, (u - mean).T, lower=True)
    return -0.5 * (z * z).sum(axis=0) - np.log(np.diag(L)).sum() - 0.5 * u.shape[1] * LOG_2PI


# ---------------------------------------------------------------- asymptotic covariance, n_dim = 2


def _half_line():
    """Panels of Gauss-Legendre nodes on (0, 32): finer close to 0."""
    edges = np.concatenate([np.arange(0.0, 6.0, 0.1), np.arange(6.0, 32.01, 0.4)])
    nodes, weights = np.polynomial.legendre.leggauss(8)
    mid, half = 0.5 * (edges[1:] + edges[:-1]), 0.5 * np.diff(edges)
    return (mid[:, None] + half[:, None] * nodes).ravel(), (half[:, None] * weights).ravel()


def _quadrants():
    """Source points s and the weights of E_d (Laplace sources of unit variance), a quadrant at a time."""
    r, w = _half_line()
    w = w * np.exp(-SQRT2 * r) * SQRT2 / 2.0
    r1, r2 = np.meshgrid(r, r, indexing="ij")
    weight = np.outer(w, w).ravel()
    for sign in ((1.0, 1.0), (1.0, -1.0), (-1.0, 1.0), (-1.0, -1.0)):
        yield np.column_stack([sign[0] * r1.ravel(), sign[1] * r2.ravel()]), weight


def _as64(*arrays):
    return [np.asarray(a, dtype=np.float64) for a in arrays]


def cov_density_of_sources(B, noise_mean, noise_cov, nu):
    dtype = B.dtype
    B, noise_mean, noise_cov = _as64(B, noise_mean, noise_cov)
    n = B.shape[0]
    Binv = np.linalg.inv(B)
    log_const = -0.5 * n * np.log(2.0)
    info, m = np.zeros((n * n + 1, n * n + 1)), np.zeros(n * n + 1)
    for s, w in _quadrants():
        u = s @ Binv.T
        log_pd = log_const - SQRT2 * np.abs(s).sum(axis=1)
        P = _sig(np.log(nu) + _log_gauss(u, noise_mean, noise_cov) - log_pd)
        g = np.column_stack([-SQRT2 * (np.sign(s)[:, :, None] * u[:, None, :]).reshape(len(u), -1), np.ones(len(u))])
        info += (g * (w * P)[:, None]).T @ g
        m += g.T @ (w * P)
    I_inv = np.linalg.inv(info)
    v = I_inv @ m
    return {"covariance": (I_inv - (1.0 + 1.0 / nu) * np.outer(v, v)).astype(dtype)}


def cov_normalised_score(B, noise_mean, noise_cov, nu):
    dtype = B.dtype
    B, noise_mean, noise_cov = _as64(B, noise_mean, noise_cov)
    n = B.shape[0]
    Binv = np.linalg.inv(B)
    log_const = np.linalg.slogdet(B)[1] - 0.5 * n * np.log(2.0)
    info, m = np.zeros((n * n + 1, n * n + 1)), np.zeros(n * n + 1)
    for s, w in _quadrants():
        u = s @ Binv.T
        log_pd = log_const - SQRT2 * np.abs(s).sum(axis=1)
        P = _sig(np.log(nu) + _log_gauss(u, noise_mean, noise_cov) - log_pd)
        g_B = Binv.T - SQRT2 * np.sign(s)[:, :, None] * u[:, None, :]
        g = np.column_stack([g_B.reshape(len(u), -1), np.ones(len(u))])
        info += (g * (w * P)[:, None]).T @ g
        m += g.T @ (w * P)
    I_inv = np.linalg.inv(info)
    v = I_inv @ m
    return {"covariance": (I_inv - (1.0 + 1.0 / nu) * np.outer(v, v)).astype(dtype)}


def cov_sandwich_noise_not_centred(B, noise_mean, noise_cov, nu):
    """I^-1 V I^-1, V = Cov_d(P g) + nu Cov_n(h g), the noise expectations turned into data expectations: nu p_n h = p_d P."""
    dtype = B.dtype
    B, noise_mean, noise_cov = _as64(B, noise_mean, noise_cov)
    n = B.shape[0]
    Binv = np.linalg.inv(B)
    log_const = np.linalg.slogdet(B)[1] - 0.5 * n * np.log(2.0)
    k = n * n + 1
    info, second_d, second_n, mean_d, mean_n = np.zeros((k, k)), np.zeros((k, k)), np.zeros((k, k)), np.zeros(k), np.zeros(k)
    for s, w in _quadrants():
        u = s @ Binv.T
        log_pd = log_const - SQRT2 * np.abs(s).sum(axis=1)
        t = log_pd - _log_gauss(u, noise_mean, noise_cov) - np.log(nu)
        h, P = _sig(t), _sig(-t)
        g = np.column_stack([-SQRT2 * (np.sign(s)[:, :, None] * u[:, None, :]).reshape(len(u), -1), np.ones(len(u))])
        info += (g * (w * P)[:, None]).T @ g
        second_d += (g * (w * P * P)[:, None]).T @ g
        second_n += (g * (w * P * h)[:, None]).T @ g / nu
        mean_d += g.T @ (w * P)
        mean_n += g.T @ (w * P) / nu
    V = second_d - np.outer(mean_d, mean_d) + nu * second_n
    I_inv = np.linalg.inv(info)
    return {"covariance": (I_inv @ V @ I_inv).astype(dtype)}


def cov_columns_first(B, noise_mean, noise_cov, nu):
    dtype = B.dtype
    B, noise_mean, noise_cov = _as64(B, noise_mean, noise_cov)
    n = B.shape[0]
    log_const = np.linalg.slogdet(B)[1] - 0.5 * n * np.log(2.0)
    info, m = np.zeros((n * n + 1, n * n + 1)), np.zeros(n * n + 1)
    for s, w in _quadrants():
        u = np.linalg.solve(B, s.T).T
        log_pd = log_const - SQRT2 * np.abs(s).sum(axis=1)
        P = _sig(np.log(nu) + _log_gauss(u, noise_mean, noise_cov) - log_pd)
        g = np.column_stack([-SQRT2 * np.einsum("ni,nj->nji", np.sign(s), u).reshape(len(u), -1), np.ones(len(u))])
        info += (g * (w * P)[:, None]).T @ g
        m += g.T @ (w * P)
    I_inv = np.linalg.inv(info)
    v = I_inv @ m
    return {"covariance": (I_inv - (1.0 + 1.0 / nu) * np.outer(v, v)).astype(dtype)}


# ---------------------------------------------------------------- estimates


def gaussian_estimate_noise_refitted(x, y, noise_mean, noise_cov):
    dtype = x.dtype
    x, y, noise_mean, noise_cov = _as64(x, y, noise_mean, noise_cov)
    n, Td, nu = x.shape[1], len(x), len(y) / len(x)
    noise_mean, noise_cov = y.mean(axis=0), np.atleast_2d(np.cov(y.T, bias=True))
    rows, cols = np.triu_indices(n)
    scale = np.where(rows == cols, -0.5, -1.0)

    def features(u):
        return np.column_stack([scale * u[:, rows] * u[:, cols], np.ones(len(u))])

    F, E = features(x), features(y)
    off_d, off_n = _log_gauss(x, noise_mean, noise_cov) + np.log(nu), _log_gauss(y, noise_mean, noise_cov) + np.log(nu)

    def loss(a):
        td, tn = F @ a - off_d, E @ a - off_n
        return (-(_logsig(td).sum() + _logsig(-tn).sum()) / Td, -(F.T @ _sig(-td) - E.T @ _sig(tn)) / Td)

    def hessian(a):
        td, tn = F @ a - off_d, E @ a - off_n
        return ((F * (_sig(td) * _sig(-td))[:, None]).T @ F + (E * (_sig(tn) * _sig(-tn))[:, None]).T @ E) / Td

    precision0 = np.linalg.inv(np.atleast_2d(np.cov(x.T)))
    start = np.append(precision0[rows, cols], 0.5 * np.linalg.slogdet(precision0)[1] - 0.5 * n * LOG_2PI)
    a = minimize(loss, start, jac=True, hess=hessian, method="trust-exact", options={"gtol": 1e-12, "maxiter": 500}).x
    precision = np.zeros((n, n))
    precision[rows, cols] = a[:-1]
    precision[cols, rows] = a[:-1]
    return {"precision": precision.astype(dtype), "c": np.asarray(a[-1], dtype=dtype)}


def ica_estimate_c_held(x, y, noise_mean, noise_cov):
    dtype = x.dtype
    x, y, noise_mean, noise_cov = _as64(x, y, noise_mean, noise_cov)
    n, Td, nu = x.shape[1], len(x), len(y) / len(x)
    off_d, off_n = _log_gauss(x, noise_mean, noise_cov) + np.log(nu), _log_gauss(y, noise_mean, noise_cov) + np.log(nu)

    def unpack(a):
        B = a[: n * n].reshape(n, n)
        if len(a) > n * n:
            return B, a[-1]
        return B, np.linalg.slogdet(B)[1] - 0.5 * n * np.log(2.0)

    def loss(a, eps):
        B, c = unpack(a)
        sx, sy = x @ B.T, y @ B.T
        rx, ry = np.sqrt(sx * sx + eps * eps), np.sqrt(sy * sy + eps * eps)
        td, tn = -SQRT2 * rx.sum(axis=1) + c - off_d, -SQRT2 * ry.sum(axis=1) + c - off_n
        wd, wn = _sig(-td), _sig(tn)
        g_c = (wd.sum() - wn.sum()) / Td
        g_B = -SQRT2 * ((sx / rx * wd[:, None]).T @ x - (sy / ry * wn[:, None]).T @ y) / Td
        value = (_logsig(td).sum() + _logsig(-tn).sum()) / Td
        if len(a) > n * n:
            return -value, -np.append(g_B.ravel(), g_c)
        return -value, -(g_B + g_c * np.linalg.inv(B).T).ravel()

    rng = np.random.default_rng(0)
    whiten = np.linalg.inv(np.linalg.cholesky(np.atleast_2d(np.cov(x.T))))
    best = None
    for _ in range(12):
        B0 = np.linalg.qr(rng.standard_normal((n, n)))[0] @ whiten
        a = B0.ravel()
        for eps in (0.3, 0.1, 0.03, 0.01, 1e-3, 1e-4, 1e-5, 1e-6, 1e-7):
            a = minimize(loss, a, args=(eps,), jac=True, method="BFGS", options={"gtol": 1e-9, "maxiter": 2000}).x
        value = loss(a, 1e-12)[0]
        if best is None or value < best[0]:
            best = value, a
    B, c = unpack(best[1])
    return {"B": B.astype(dtype), "c": np.asarray(c, dtype=dtype)}


# ---------------------------------------------------------------- functions


def score_matching_product_rule(B, x, slope):
    Td = len(x)
    s = x @ B.T
    th = np.tanh(slope * s)
    sech2 = 4.0 * _sig(2.0 * slope * s) * _sig(-2.0 * slope * s)
    g, dg = -SQRT2 * th, -SQRT2 * slope * sech2
    ddg = 2.0 * SQRT2 * slope * slope * th * sech2
    psi = g @ B
    row_sq = (B * B).sum(axis=1)
    value = -(0.5 * (psi * psi).sum() + (dg * row_sq).sum()) / Td
    grad = (psi @ B.T * dg).T @ x + g.T @ psi
    grad = grad + (ddg * row_sq).T @ x
    return {"value": value, "grad_B": -grad / Td}


def leapfrog_gaussian_last_half_step(precision, u, momentum, step_size, n_steps):
    n_steps = int(n_steps)

    def score(v):
        return -v @ precision.T

    def energy(v, p):
        return 0.5 * ((v @ precision) * v).sum(axis=1) + 0.5 * (p * p).sum(axis=1)

    v, p = u.copy(), momentum.copy()
    if n_steps > 0:
        p = p + 0.5 * step_size * score(v)
        for step in range(n_steps):
            v = v + step_size * p
            factor = 1.0
            p = p + factor * step_size * score(v)
    return {"u_after": v, "momentum_after": p, "energy_change": energy(v, p) - energy(u, momentum)}


def metropolis_barker(energy_before, energy_after, uniforms):
    difference = energy_before - energy_after
    probability = _sig(difference)
    return {"probability": probability, "accepted": uniforms < probability}


def mlp_tanh_twice(layer_sizes, theta, u):
    sizes = [int(k) for k in layer_sizes]
    weights, biases, at = [], [], 0
    for n_in, n_out in zip(sizes[:-1], sizes[1:]):
        weights.append(theta[at : at + n_in * n_out].reshape(n_out, n_in))
        at += n_in * n_out
        biases.append(theta[at : at + n_out])
        at += n_out
    inputs, h = [], u
    for k, (W, b) in enumerate(zip(weights, biases)):
        inputs.append(h)
        z = h @ W.T + b
        h = np.tanh(z) if k < len(weights) - 1 else z
    delta = np.ones((len(u), 1), dtype=u.dtype)
    grads = []
    for k in reversed(range(len(weights))):
        grads = [(delta.T @ inputs[k]).ravel(), delta.sum(axis=0)] + grads
        delta = delta @ weights[k]
        if k > 0:
            delta = delta * (1.0 - np.tanh(inputs[k]) ** 2)
    return {"value": h[:, 0], "grad_theta": np.concatenate(grads), "grad_u": delta}


def importance_log_n_data(log_model_data, log_model_noise, log_noise_noise):
    Td, Tn = len(log_model_data), len(log_model_noise)
    log_w = log_model_noise - log_noise_noise
    top = log_w.max()
    e = np.exp(log_w - top)
    total = top + np.log(e.sum())
    log_Z = total - np.log(Td)
    dtype = log_model_data.dtype
    return {
        "value": np.asarray(log_model_data.mean() - log_Z, dtype=dtype),
        "log_normalizer": np.asarray(log_Z, dtype=dtype),
        "grad_log_model_data": np.full(Td, 1.0 / Td, dtype=dtype),
        "grad_log_model_noise": -(e / e.sum()),
    }


def ica_nce_whitening_transposed(B, c, x, y, noise_mean, noise_cov):
    Td, Tn = len(x), len(y)
    n = x.shape[1]
    L = np.linalg.cholesky(noise_cov)

    def log_noise(u):
        z = solve_triangular(L, (u - noise_mean).T, lower=True, trans="T")
        return -0.5 * (z * z).sum(axis=0) - np.log(np.diag(L)).sum() - 0.5 * n * LOG_2PI

    log_nu = float(np.log(Tn / Td))
    sx, sy = x @ B.T, y @ B.T
    td = -SQRT2 * np.abs(sx).sum(axis=1) + c - log_noise(x) - log_nu
    tn = -SQRT2 * np.abs(sy).sum(axis=1) + c - log_noise(y) - log_nu
    wd, wn = _sig(-td), _sig(tn)
    return {
        "value": (_logsig(td).sum() + _logsig(-tn).sum()) / Td,
        "grad_B": -SQRT2 * ((np.sign(sx) * wd[:, None]).T @ x - (np.sign(sy) * wn[:, None]).T @ y) / Td,
        "grad_c": (wd.sum() - wn.sum()) / Td,
    }


IMPLEMENTATIONS = [
    ("d-numpy-01", "asymptotic_covariance", cov_density_of_sources,
     "p_d inside P is the density of the sources, without |det B|, while E_d is right; shows in every entry when |det B| != 1"),
    ("d-numpy-02", "asymptotic_covariance", cov_normalised_score,
     "g_B is the score of the normalised model, with inv(B).T added, although c is a parameter of its own; shows only in the last row and "
     "column (the covariances with c, and c's variance), the block of B is right"),
    ("d-numpy-03", "asymptotic_covariance", cov_sandwich_noise_not_centred,
     "sandwich I^-1 V I^-1 in which the noise term of V is a second moment, its mean not subtracted: the factor (1 + 1/nu) becomes 1; "
     "as I^-1 m = e_c it shows only in the last entry, c's variance, too large by 1/nu"),
    ("d-numpy-04", "asymptotic_covariance", cov_columns_first,
     "the entries of B are stacked column by column (g built as u_j sign(s_i), vec order) instead of row by row; the matrix is right but "
     "for the order of its rows and columns, shows in the off-diagonal parameters unless exchanging them is a symmetry"),
    ("d-numpy-05", "gaussian_nce_estimate", gaussian_estimate_noise_refitted,
     "noise mean and covariance are estimated from y instead of taken as given, a fit with the wrong ln p_n; shows in every finite sample, "
     "by O(1/sqrt(n_noise))"),
    ("d-numpy-06", "laplace_ica_nce_estimate", ica_estimate_c_held,
     "c is not estimated but held at ln|det B| - (n/2) ln 2 during the fit (NCE of the normalised model), and reported as that; shows in "
     "every finite sample, by O(1/sqrt(n_data)) in B and c"),
    ("d-numpy-07", "laplace_ica_score_matching", score_matching_product_rule,
     "gradient of div Psi = sum_i g'(s_i) |b_i|^2 without the product rule's second term, 2 g'(s_i) b_i; shows in grad_B, value right"),
    ("d-numpy-08", "leapfrog_gaussian", leapfrog_gaussian_last_half_step,
     "merged momentum steps in which the last one is full instead of half; u_after right, shows in momentum_after and energy_change"),
    ("d-numpy-09", "metropolis_decision", metropolis_barker,
     "Barker's rule sigma(H - H') instead of Metropolis' min(1, exp(H - H')); shows in probability unless H' - H is large, in accepted "
     "where the uniform lies in between"),
    ("d-numpy-10", "mlp_tanh_log_density", mlp_tanh_twice,
     "backward pass takes phi' as 1 - tanh(a)^2 of the activation a = tanh z (tanh applied twice) instead of 1 - a^2; value and the last "
     "layer's gradient right, shows in the rest of grad_theta and in grad_u"),
    ("d-numpy-11", "importance_sampling_from_log_densities", importance_log_n_data,
     "ln Z is logsumexp - ln n_data instead of - ln n_noise; shows in value and log_normalizer when n_data != n_noise, gradients right"),
    ("d-numpy-12", "laplace_ica_nce", ica_nce_whitening_transposed,
     "noise is whitened with the transposed Cholesky factor, L^-T (u - mean) instead of L^-1 (u - mean); shows in value and gradients when "
     "noise_cov has correlations"),
]
