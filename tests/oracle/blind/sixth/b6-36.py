import jax
import jax.numpy as jnp


def _one(g, g_neg, log_nu):
    return jax.nn.log_sigmoid(g - log_nu) + jnp.sum(jax.nn.log_sigmoid(log_nu - g_neg))


def impl(log_ratio_data, log_ratio_noise, nu):
    log_nu = jnp.log(jnp.asarray(nu, dtype=log_ratio_data.dtype))
    per_example = jax.vmap(_one, in_axes=(0, 0, None))(log_ratio_data, log_ratio_noise, log_nu)
    return per_example.mean()
