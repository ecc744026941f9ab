import numpy as np


class LaplaceICA:
    """log p(u) = -sqrt(2) * ||B u||_1 + c, trained against a Gaussian."""

    @staticmethod
    def noise(u, mean, cov):
        prec = np.linalg.inv(cov)
        d = u - mean
        return (-0.5 * np.einsum('ta,ab,tb->t', d, prec, d)
                - 0.5 * np.linalg.slogdet(cov)[1]
                - 0.5 * u.shape[1] * np.log(2 * np.pi))

    def __call__(self, B, c, x, y, noise_mean, noise_cov):
        Td, Tn = x.shape[0], y.shape[0]
        u = np.vstack([x, y])
        label = np.r_[np.ones(Td), np.zeros(Tn)]
        s = u @ B.T
        logit = (-np.sqrt(2) * np.abs(s).sum(axis=1) + c
                 - self.noise(u, noise_mean, noise_cov) - np.log(Tn / Td))
        J = (label * logit - np.logaddexp(0, logit)).sum() / Td
        resid = (label - 0.5 * (1 + np.tanh(0.5 * logit))) / Td
        gB = -np.sqrt(2) * np.einsum('t,ti,tj->ij', resid, np.sign(s), u)
        return {"value": J, "grad_B": gB, "grad_c": resid.sum()}


impl = LaplaceICA()
