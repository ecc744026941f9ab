import jax
import jax.numpy as jnp


def impl(log_model_data, log_model_noise, log_noise_data, log_noise_noise, nu):
    """Mean logistic loss over the pooled sample of data and noise."""
    g = jnp.concatenate([log_model_data - log_noise_data, log_model_noise - log_noise_noise])
    sign = jnp.concatenate([jnp.ones_like(log_model_data), -jnp.ones_like(log_model_noise)])
    return jnp.mean(jax.nn.softplus(-sign * (g - jnp.log(nu))))
