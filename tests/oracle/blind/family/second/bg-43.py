import numpy as np


def _sigmoid(x):
    e = np.exp(-np.abs(x))
    return np.where(x >= 0, 1.0, e) / (1.0 + e)


def impl(logit_positive, logits_negative):
    """InfoNCE on precomputed logits: -log softmax of the positive, as softplus(lse(neg) - pos)."""
    n = logit_positive.shape[0]
    top = logits_negative.max(axis=1, keepdims=True)
    e = np.exp(logits_negative - top)
    z = e.sum(axis=1, keepdims=True)
    gap = (top[:, 0] - logit_positive) + np.log(z[:, 0])
    p_wrong = _sigmoid(gap)
    return {
        "value": np.logaddexp(0.0, gap).mean(),
        "grad_logit_positive": -p_wrong / n,
        "grad_logits_negative": p_wrong[:, None] * (e / z) / n,
    }
