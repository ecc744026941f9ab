import numpy as np


def impl(images, texts, log_scale, bias):
    n = images.shape[0]
    ni = np.linalg.norm(images, axis=1, keepdims=True)
    nt = np.linalg.norm(texts, axis=1, keepdims=True)
    zimg, ztxt = images / ni, texts / nt
    t = np.exp(log_scale)
    cos = zimg @ ztxt.T
    logits = t * cos + bias
    labels = np.eye(n)
    value = np.logaddexp(0.0, -labels * logits).sum() / n

    g = -labels * np.exp(-np.logaddexp(0.0, labels * logits)) / n
    gi = t * g @ ztxt
    gt = t * g.T @ zimg
    return {
        "value": value,
        "grad_images": (gi - zimg * (gi * zimg).sum(1, keepdims=True)) / ni,
        "grad_texts": (gt - ztxt * (gt * ztxt).sum(1, keepdims=True)) / nt,
        "grad_log_scale": (g * t * cos).sum(),
        "grad_bias": g.sum(),
    }
