import numpy as np


def impl(logit_positive, logits_negative):
    """Summed InfoNCE and its gradients."""
    top = logits_negative.max(axis=1)
    e = np.exp(logits_negative - top[:, None])
    z = e.sum(axis=1)
    d = top - logit_positive + np.log(z)

    loss = np.maximum(d, 0) + np.log1p(np.exp(-np.abs(d)))
    ed = np.exp(-np.abs(d))
    p_wrong = np.where(d >= 0, 1.0, ed) / (1.0 + ed)
    return {
        "value": loss.sum(),
        "grad_logit_positive": -p_wrong,
        "grad_logits_negative": p_wrong[:, None] * e / z[:, None],
    }
