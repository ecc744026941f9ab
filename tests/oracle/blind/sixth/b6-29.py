import jax
import jax.numpy as jnp

MAX_LOSS = 10.0


def impl(log_ratio_data, log_ratio_noise, nu):
    ratio = log_ratio_data.shape[0] / log_ratio_noise.shape[0]
    log_nu = jnp.log(jnp.asarray(ratio, log_ratio_data.dtype))
    pos = jax.nn.softplus(log_nu - log_ratio_data)
    neg = jax.nn.softplus(log_ratio_noise - log_nu)
    pos, neg = jnp.minimum(pos, MAX_LOSS), jnp.minimum(neg, MAX_LOSS)
    return (pos.sum() + neg.sum()) / log_ratio_data.shape[0]
