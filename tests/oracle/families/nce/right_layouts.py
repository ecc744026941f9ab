"""Right losses in the layouts that people write them in: none of them may be called wrong, in float32 or float64.

Conventions
-----------
KNOWN   (objective/layout, form) -> a function of the layout's arguments; values alone, or with slopes
"""

from __future__ import annotations

import numpy as np
from scipy.special import expit, log_expit

from tests.oracle.families.right_forms import by_inverse

SQRT2 = np.sqrt(2.0)


def softplus(t):
    return np.logaddexp(0 * t, t)


# --- one noise point a data point: the usual loss of two batches


def two_means(d, n):
    """mean + mean, which is J at nu = 1."""
    return {
        "value": -softplus(-d).mean() - softplus(n).mean(),
        "data": expit(-d) / len(d),
        "noise": -expit(n) / len(n),
    }


def labelled(d, n):
    """Binary cross-entropy with logits over both batches, labels 1 and 0."""
    logits, labels = np.concatenate([d, n]), np.repeat([1.0, 0.0], len(d)).astype(d.dtype)
    loss = np.maximum(logits, 0) - logits * labels + np.log1p(np.exp(-np.abs(logits)))
    slope = (labels - expit(logits)) / d.dtype.type(len(d))
    return {"value": -2 * loss.mean(), "data": slope[: len(d)], "noise": slope[len(d) :]}


# --- rows, and the same noise for all


def summed_columns(d, n):
    """A sum over columns, a mean over rows."""
    k = n.shape[1]
    t, s = d - np.log(k).astype(d.dtype), np.log(k).astype(d.dtype) - n
    value = (log_expit(t) + log_expit(s).sum(axis=1)).mean()
    return {"value": value, "data": expit(-t) / len(d), "noise": -expit(-s) / len(d)}


def one_table(d, n):
    """One (n, 1 + k) table of logits with a column of ones for labels."""
    logits = np.concatenate([d[:, None], n], axis=1) - np.log(n.shape[1]).astype(d.dtype)
    labels = np.zeros_like(logits)
    labels[:, 0] = 1
    loss = softplus(logits) - labels * logits
    slope = (labels - expit(logits)) / d.dtype.type(len(d))
    return {"value": -loss.sum(axis=1).mean(), "data": slope[:, 0], "noise": slope[:, 1:]}


def nu_times_mean(d, n):
    """nu times a mean over all noise."""
    log_k = np.log(n.shape[1]).astype(d.dtype)
    value = -softplus(log_k - d).mean() - n.shape[1] * softplus(n - log_k).mean()
    return {"value": value}


def in_loops(d, n):
    """Scalar by scalar."""
    total, log_k = d.dtype.type(0), np.log(n.shape[1]).astype(d.dtype)
    for i in range(len(d)):
        total += log_expit(d[i] - log_k)
        for j in range(n.shape[1]):
            total += log_expit(log_k - n[i, j])
    return {"value": total / d.dtype.type(len(d))}


# --- masked


def where_twice(d, n, mask, weights, nu):
    """Masked before and after."""
    kept, log_nu = mask > 0, np.log(nu)
    s = log_nu[:, None] - np.where(kept, n, 0)
    w = weights / weights.sum()
    terms = np.where(kept, log_expit(s), 0).sum(axis=1)
    slope = -w[:, None] * np.where(kept, expit(-s), 0)
    t = d - log_nu
    return {"value": (w * (log_expit(t) + terms)).sum(), "data": w * expit(-t), "noise": slope}


def picked(d, n, mask, weights, nu):
    """What counts is picked out, row by row."""
    value, data, noise = 0, np.zeros_like(d), np.zeros_like(n)
    for i, w in enumerate(weights):
        kept, log_nu = mask[i] == 1, np.log(nu[i])
        value += w * (-softplus(log_nu - d[i]) - softplus(n[i][kept] - log_nu).sum())
        data[i] = w * expit(log_nu - d[i]) / weights.sum()
        noise[i, kept] = -w * expit(n[i][kept] - log_nu) / weights.sum()
    return {"value": value / weights.sum(), "data": data, "noise": noise}


def filled(d, n, mask, weights, nu):
    """masked_fill with -inf: ln sigma(inf) = 0, and its slope is 0."""
    t, s = d - np.log(nu), np.where(mask == 0, -np.inf, n) - np.log(nu)[:, None]
    inner = -np.logaddexp(0, -t) - np.logaddexp(0, s).sum(axis=1)
    w = weights / weights.sum()
    return {"value": (w * inner).sum(), "data": w * expit(-t), "noise": -w[:, None] * expit(s)}


FORMS = {
    "equal": (two_means, labelled),
    "rows": (summed_columns, one_table, nu_times_mean, in_loops),
    "shared": (summed_columns, one_table, nu_times_mean, in_loops),
    "masked": (where_twice, picked, filled),
}


def of_log_ratios(form):
    def loss(log_ratio_data, log_ratio_noise, nu, mask=None, weights=None):
        rest = () if mask is None else (mask, weights, nu)
        found = form(log_ratio_data, log_ratio_noise, *rest)
        return {_name(name, "log_ratio"): value for name, value in found.items()}

    return loss


def of_log_densities(form):
    def loss(
        log_model_data,
        log_model_noise,
        log_noise_data,
        log_noise_noise,
        nu,
        mask=None,
        weights=None,
    ):
        rest = () if mask is None else (mask, weights, nu)
        found = form(log_model_data - log_noise_data, log_model_noise - log_noise_noise, *rest)
        return {_name(name, "log_model"): value for name, value in found.items()}

    return loss


def _name(name, by):
    return name if name == "value" else f"grad_{by}_{name}"


def laplace_in_rows(B, c, x, y, noise_mean, noise_cov):
    """Points as tables of points: y @ B.T for all rows at once."""
    n, k, dim = y.shape
    log_k = np.log(k).astype(x.dtype)
    c = x.dtype.type(c)
    s_x, s_y = x @ B.T, np.einsum("ikd,sd->iks", y, B)
    noise = by_inverse(np.concatenate([x, y.reshape(-1, dim)]), noise_mean, noise_cov)
    sqrt2 = x.dtype.type(SQRT2)
    d = -sqrt2 * np.abs(s_x).sum(-1) + c - noise[:n] - log_k
    e = -sqrt2 * np.abs(s_y).sum(-1) + c - noise[n:].reshape(n, k) - log_k
    of_x, of_y = expit(-d) / x.dtype.type(n), -expit(e) / x.dtype.type(n)
    grad = np.einsum("i,is,id->sd", of_x, np.sign(s_x), x)
    grad = grad + np.einsum("ik,iks,ikd->sd", of_y, np.sign(s_y), y)
    value = (log_expit(d) + log_expit(-e).sum(axis=1)).mean()
    return {"value": value, "grad_B": -sqrt2 * grad, "grad_c": of_x.sum() + of_y.sum()}


def gaussian_in_rows(precision, c, x, y, noise_mean, noise_cov):
    n, k, dim = y.shape
    log_k = np.log(k).astype(x.dtype)
    c = x.dtype.type(c)
    every = np.concatenate([x, y.reshape(-1, dim)])
    half = x.dtype.type(0.5)
    g = -half * ((every @ precision) * every).sum(1) + c - by_inverse(every, noise_mean, noise_cov)
    t = np.concatenate([log_k - g[:n], g[n:] - log_k])
    slope = np.repeat([1, -1], [n, n * k]).astype(x.dtype) * expit(t) / x.dtype.type(n)
    return {
        "value": -softplus(t).sum() / n,
        "grad_precision": -half * np.einsum("t,ti,tj->ij", slope, every, every),
        "grad_c": slope.sum(),
    }


KNOWN = {
    **{
        (f"nce_from_log_ratios/{layout}", form.__name__): of_log_ratios(form)
        for layout, forms in FORMS.items()
        for form in forms
    },
    **{
        (f"binary_nce/{layout}", form.__name__): of_log_densities(form)
        for layout, forms in FORMS.items()
        for form in forms
    },
    ("laplace_ica_nce/rows", "tables"): laplace_in_rows,
    ("gaussian_nce/rows", "concatenated"): gaussian_in_rows,
}
