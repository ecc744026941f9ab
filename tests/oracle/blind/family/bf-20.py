import numpy as np


def unit(z):
    r = np.sqrt((z * z).sum(axis=-1, keepdims=True))
    return z / r, r


def backprop_unit(g, u, r):
    return (g - u * (g * u).sum(axis=-1, keepdims=True)) / r


def impl(anchors, positives, negatives, mask, temperature):
    n = anchors.shape[0]
    m = mask != 0
    negatives = np.where(m.any(axis=0)[:, None], negatives, 1.0)
    u, ru = unit(anchors)
    v, rv = unit(positives)
    w, rw = unit(negatives)
    pos = (u * v).sum(axis=1) / temperature
    neg = u @ w.T / temperature

    has = m.any(axis=1)
    top = np.where(has, np.where(m, neg, -np.inf).max(axis=1), 0.0)
    e = np.exp(np.where(m, neg - top[:, None], -np.inf))
    z = np.where(has, e.sum(axis=1), 1.0)
    d = top - pos + np.log(z)
    loss = np.where(has, np.logaddexp(0.0, d), 0.0)

    p = np.where(has, np.exp(-np.logaddexp(0.0, -d)), 0.0) / n      # d loss / d d
    r = e / z[:, None]
    gneg = p[:, None] * r
    gu = (gneg @ w - p[:, None] * v) / temperature
    gv = -p[:, None] * u / temperature
    gw = gneg.T @ u / temperature
    gt = -(p * ((r * (neg - pos[:, None])).sum(axis=1))).sum() / temperature
    return {"value": loss.sum() / n,
            "grad_anchors": backprop_unit(gu, u, ru),
            "grad_positives": backprop_unit(gv, v, rv),
            "grad_negatives": backprop_unit(gw, w, rw),
            "grad_temperature": gt}
