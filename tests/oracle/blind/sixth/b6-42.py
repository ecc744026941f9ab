import jax
import jax.numpy as jnp


def impl(log_model_data, log_model_noise, log_noise_data, log_noise_noise, nu=1.0):
    # keep the logits in a sane range
    g = jnp.clip(log_model_data - log_noise_data, -15.0, 15.0)
    h = jnp.clip(log_model_noise - log_noise_noise, -15.0, 15.0)
    return -jnp.mean(jax.nn.log_sigmoid(g) + jax.nn.log_sigmoid(-h))
