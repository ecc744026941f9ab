import numpy as np


class NTXent:
    """SimCLR loss with its backward pass; views stacked as [first; second]."""

    def __call__(self, views, temperature):
        N = views.shape[0]
        half = N // 2
        idx = np.arange(N)
        pair = (idx + half) % N
        norm = np.linalg.norm(views, axis=1, keepdims=True)
        u = views / norm
        s = u @ u.T / temperature
        if N == 2:
            return {"value": 0.0 * s[0, 1], "grad_views": np.zeros_like(views), "grad_temperature": 0.0}

        neg = s.copy()
        neg[idx, idx] = -np.inf
        neg[idx, pair] = -np.inf
        pos = s[idx, pair]
        top = neg.max(axis=1)
        e = np.exp(neg - top[:, None])
        z = e.sum(axis=1)
        d = top - pos + np.log(z)
        loss = np.logaddexp(0.0, d)

        p = np.exp(-np.logaddexp(0.0, -d)) / N
        r = e / z[:, None]
        G = p[:, None] * r
        G[idx, pair] = -p
        du = (G + G.T) @ u / temperature
        dviews = (du - u * (u * du).sum(axis=1, keepdims=True)) / norm
        dt = -(p * (r * (s - pos[:, None])).sum(axis=1)).sum() / temperature
        return {"value": loss.mean(), "grad_views": dviews, "grad_temperature": dt}


impl = NTXent()
