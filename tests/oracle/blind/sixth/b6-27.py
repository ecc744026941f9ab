import jax
import jax.numpy as jnp
from jax.scipy.stats import multivariate_normal


def impl(B, c, x, y, noise_mean, noise_cov):
    n, k, _ = y.shape

    def log_ratio(u):
        s = jnp.einsum("ij,...j->...i", B, u)
        log_pm = -jnp.sqrt(jnp.asarray(2.0, u.dtype)) * jnp.abs(s).sum(-1) + c
        return log_pm - multivariate_normal.logpdf(u, noise_mean, noise_cov)

    log_k = jnp.log(jnp.asarray(k, x.dtype))
    pos = jax.nn.softplus(log_k - log_ratio(x))
    neg = jax.nn.softplus(log_ratio(y) - log_k)
    return (pos + neg.sum(axis=1)).mean()
