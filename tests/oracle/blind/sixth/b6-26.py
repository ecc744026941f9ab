import numpy as np
from scipy.linalg import cho_factor, cho_solve
from scipy.special import expit


class GaussianNCE:
    """Unnormalised zero-mean Gaussian with precision matrix and free constant c."""

    @staticmethod
    def noise_logpdf(u, mean, cov):
        cf = cho_factor(cov, lower=True)
        d = u - mean
        maha = np.sum(d * cho_solve(cf, d.T).T, axis=1)
        half_logdet = np.log(np.diag(cf[0])).sum()
        return -0.5 * maha - half_logdet - 0.5 * u.shape[1] * np.log(2 * np.pi)

    def __call__(self, precision, c, x, y, noise_mean, noise_cov):
        n, m = len(x), len(y)
        log_nu = np.log(m / n)

        def logit(u):
            model = -0.5 * np.einsum("ni,ij,nj->n", u, precision, u) + c
            return model - self.noise_logpdf(u, noise_mean, noise_cov) - log_nu

        hx, hy = logit(x), logit(y)
        value = -(np.logaddexp(0, -hx).sum() + np.logaddexp(0, hy).sum()) / n
        rx, ry = expit(-hx) / n, expit(hy) / n
        grad_p = -0.5 * (np.einsum("n,ni,nj->ij", rx, x, x) - np.einsum("n,ni,nj->ij", ry, y, y))
        return {"value": value, "grad_precision": grad_p, "grad_c": rx.sum() - ry.sum()}


impl = GaussianNCE()
