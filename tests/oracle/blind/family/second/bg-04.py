import numpy as np

EPS = 1e-8


def impl(anchors, positives, negatives, mask, temperature):
    """InfoNCE with masked negatives, manual gradients."""
    n = len(anchors)
    keep = mask > 0
    negatives = np.where(keep[..., None], negatives, 1.0)
    na = np.linalg.norm(anchors, axis=-1, keepdims=True)
    np_ = np.linalg.norm(positives, axis=-1, keepdims=True)
    nn_ = np.linalg.norm(negatives, axis=-1, keepdims=True)
    u, v, w = anchors / na, positives / np_, negatives / nn_

    s = np.concatenate([(u * v).sum(-1, keepdims=True), np.einsum("nd,nkd->nk", u, w)], axis=1) / temperature
    full = np.concatenate([np.ones((n, 1), bool), keep], axis=1)
    top = np.where(full, s, -np.inf).max(axis=1, keepdims=True)
    e = np.where(full, np.exp(np.where(full, s - top, 0.0)), 0.0)
    prob = e / e.sum(axis=1, keepdims=True)
    value = -np.log(prob[:, 0] + EPS).mean()

    g = prob.copy()
    g[:, 0] = -prob[:, 1:].sum(axis=1)
    g /= n
    gp, gn = g[:, :1], g[:, 1:]
    grad_u = (gp * v + np.einsum("nk,nkd->nd", gn, w)) / temperature
    return {
        "value": value,
        "grad_anchors": grad_u / na,
        "grad_positives": gp * u / temperature / np_,
        "grad_negatives": gn[..., None] * u[:, None, :] / temperature / nn_,
        "grad_temperature": -(g * s).sum() / temperature,
    }
