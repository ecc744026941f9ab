import jax
import jax.numpy as jnp


def impl(log_ratio_data, log_ratio_noise, nu):
    n_noise = log_ratio_noise.shape[-1]
    b = jnp.log(jnp.asarray(n_noise, log_ratio_data.dtype))
    pos = jax.nn.softplus(b - log_ratio_data)
    neg = jax.nn.softplus(log_ratio_noise - b).mean(axis=-1)
    return jnp.mean(pos + neg)
