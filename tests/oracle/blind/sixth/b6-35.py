import jax
import jax.numpy as jnp


def sigmoid_binary_cross_entropy(logits, labels):
    log_p = jax.nn.log_sigmoid(logits)
    log_not_p = jax.nn.log_sigmoid(-logits)
    return -labels * log_p - (1.0 - labels) * log_not_p


def impl(log_model_data, log_model_noise, log_noise_data, log_noise_noise, nu):
    n, k = log_model_noise.shape
    pos = (log_model_data - log_noise_data)[:, None]
    neg = log_model_noise - log_noise_noise
    logits = jnp.concatenate([pos, neg], axis=1) - jnp.log(jnp.asarray(k, pos.dtype))
    labels = jnp.zeros((n, k + 1), logits.dtype).at[:, 0].set(1.0)
    return sigmoid_binary_cross_entropy(logits, labels).mean()
