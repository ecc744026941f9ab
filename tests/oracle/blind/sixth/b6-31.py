import jax
import jax.numpy as jnp
from jax.scipy.linalg import solve_triangular
from jax.scipy.special import logsumexp


def gaussian_logpdf(u, mean, cov):
    L = jnp.linalg.cholesky(cov)
    z = solve_triangular(L, (u - mean).T, lower=True)
    d = mean.shape[0]
    return -0.5 * jnp.sum(z * z, axis=0) - jnp.log(jnp.diag(L)).sum() - 0.5 * d * jnp.log(2 * jnp.pi)


def impl(B, x, y, noise_mean, noise_cov):
    log_pm = lambda u: -jnp.sqrt(2.0).astype(u.dtype) * jnp.abs(u @ B.T).sum(axis=1)
    log_w = log_pm(y) - gaussian_logpdf(y, noise_mean, noise_cov)
    log_z = logsumexp(log_w) - jnp.log(jnp.asarray(y.shape[0], y.dtype))
    return log_pm(x).mean() - log_z
