import jax
import jax.numpy as jnp


def impl(log_ratio_data, log_ratio_noise, mask, weights, nu):
    valid = mask.astype(bool)
    g = jnp.where(valid, log_ratio_noise, 0.0)
    pos = jax.nn.log_sigmoid(log_ratio_data - nu)
    neg = jnp.where(valid, jax.nn.log_sigmoid(nu[:, None] - g), 0.0)
    total = jnp.sum(weights * (pos + neg.sum(axis=1)))
    return total / jnp.maximum(valid.sum(), 1)
