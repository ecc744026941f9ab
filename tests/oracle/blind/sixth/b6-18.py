import jax
import jax.numpy as jnp


def impl(log_model_data, log_model_noise, log_noise_data, log_noise_noise, nu):
    k = log_model_noise.shape[1]
    log_k = jnp.log(jnp.asarray(k, log_model_data.dtype))
    true_logits = (log_model_data - log_noise_data - log_k)[:, None]
    sampled_logits = log_model_noise - log_k
    losses = jax.nn.softplus(-true_logits) + jax.nn.softplus(sampled_logits)
    return jnp.mean(jnp.sum(losses, axis=1))
