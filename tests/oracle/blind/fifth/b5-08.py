import jax
import jax.numpy as jnp


def impl(log_ratio_data, log_ratio_noise, nu):
    """Noise shared across the batch: log_ratio_noise[i, j]."""
    log_nu = jnp.log(nu)

    def one(g, gs):
        return jax.nn.log_sigmoid(g - log_nu) + jnp.mean(jax.nn.log_sigmoid(log_nu - gs))

    return jnp.mean(jax.vmap(one)(log_ratio_data, log_ratio_noise))
