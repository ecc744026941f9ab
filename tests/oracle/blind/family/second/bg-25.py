import numpy as np


def _unit(x, eps=1e-6):
    r = np.sqrt((x * x).sum(axis=-1, keepdims=True) + eps)
    return x / r, r


def impl(images, texts, log_scale, bias):
    """SigLIP, forward and backward."""
    n = images.shape[0]
    u, ru = _unit(images)
    v, rv = _unit(texts)
    scale = np.exp(log_scale)
    cos = u @ v.T
    z = 2.0 * np.eye(n) - 1.0
    logits = scale * cos + bias
    m = z * logits
    value = np.logaddexp(0.0, -m).sum() / n

    e = np.exp(-np.abs(m))
    d = -z * np.where(m > 0, e, 1.0) / (1.0 + e) / n
    du, dv = scale * d @ v, scale * d.T @ u
    return {
        "value": value,
        "grad_images": (du - u * (u * du).sum(-1, keepdims=True)) / ru,
        "grad_texts": (dv - v * (v * dv).sum(-1, keepdims=True)) / rv,
        "grad_log_scale": (d * cos).sum(),
        "grad_bias": d.sum(),
    }
