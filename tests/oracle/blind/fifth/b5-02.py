import numpy as np


def _sig(z):
    return 0.5 * (1.0 + np.tanh(0.5 * z))


def _mvn_logpdf(u, mean, cov):
    d = len(mean)
    L = np.linalg.cholesky(cov)
    white = np.linalg.solve(L, (u - mean).T)
    return (-0.5 * np.sum(white ** 2, axis=0)
            - np.sum(np.log(np.diag(L)))
            - 0.5 * d * np.log(2 * np.pi))


def impl(precision, c, x, y, noise_mean, noise_cov):
    n, m = len(x), len(y)
    log_nu = np.log(m) - np.log(n)

    def logit(u):
        quad = np.einsum('ni,ij,nj->n', u, precision, u)
        return -0.5 * quad + c - _mvn_logpdf(u, noise_mean, noise_cov) - log_nu

    rx, ry = logit(x), logit(y)
    value = -(np.logaddexp(0, -rx).sum() + np.logaddexp(0, ry).sum()) / n

    ax = _sig(-rx) / n
    ay = -_sig(ry) / n
    grad_p = -0.5 * (np.einsum('n,ni,nj->ij', ax, x, x)
                     + np.einsum('n,ni,nj->ij', ay, y, y))
    return {
        "value": value,
        "grad_precision": grad_p,
        "grad_c": ax.sum() + ay.sum(),
    }
