import jax
import jax.numpy as jnp


def impl(precision, c, x, y, noise_mean, noise_cov):
    # use the lower triangle only, so that the matrix stays symmetric
    P = jnp.tril(precision) + jnp.tril(precision, -1).T
    d = noise_mean.shape[0]
    _, logdet = jnp.linalg.slogdet(noise_cov)

    def logit(u):
        r = u - noise_mean
        maha = jnp.sum(r * jnp.linalg.solve(noise_cov, r.T).T, axis=1)
        log_pn = -0.5 * maha + 0.5 * logdet - 0.5 * d * jnp.log(2 * jnp.pi)
        return -0.5 * jnp.einsum("ni,ij,nj->n", u, P, u) + c - log_pn - jnp.log(y.shape[0] / x.shape[0])

    return (jax.nn.log_sigmoid(logit(x)).sum() + jax.nn.log_sigmoid(-logit(y)).sum()) / x.shape[0]
