import numpy as np


def impl(views, temperature):
    """NT-Xent, forward and backward in NumPy."""
    n = views.shape[0]
    r = np.linalg.norm(views, axis=1, keepdims=True)
    z = views / r
    s = z @ z.T / temperature
    i = np.arange(n)
    j = np.roll(i, n // 2)
    pos = s[i, j][:, None]
    others = s.copy()
    others[i, i] = -np.inf
    logits = np.concatenate([pos, others], axis=1)   # positive first, label 0

    m = logits.max(1, keepdims=True)
    e = np.exp(logits - m)
    p = e / e.sum(1, keepdims=True)
    lse = m[:, 0] + np.log(e.sum(1))
    value = np.mean(lse - pos[:, 0])

    p[:, 0] -= 1.0
    g = p[:, 1:] / n
    g[i, j] += p[:, 0] / n
    dz = (g + g.T) @ z / temperature
    grad = (dz - z * (dz * z).sum(1, keepdims=True)) / r
    return {"value": value, "grad_views": grad, "grad_temperature": -(g * s).sum() / temperature}
