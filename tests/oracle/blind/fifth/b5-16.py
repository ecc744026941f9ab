import jax
import jax.numpy as jnp

TAU = 0.5
LAMBDA = 0.01


@jax.jit
def impl(log_ratio_data, log_ratio_noise, nu):
    log_k = jnp.log(nu)
    zp = (log_ratio_data - log_k) / TAU
    zn = (log_ratio_noise - log_k) / TAU
    nll = jax.nn.softplus(-zp) + jax.nn.softplus(zn).sum(axis=-1)
    reg = jnp.mean(log_ratio_data ** 2) + jnp.mean(log_ratio_noise ** 2)
    return nll.mean() + LAMBDA * reg
