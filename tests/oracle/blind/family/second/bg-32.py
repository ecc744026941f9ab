import jax
import jax.numpy as jnp
from jax.scipy.special import logsumexp


def impl(log_model_data, log_model_noise, log_noise_data, log_noise_noise):
    # ranking objective of NCE
    pos = log_model_data - log_noise_data
    neg = log_model_noise - log_noise_noise
    k = neg.shape[-1]
    neg_lse = logsumexp(neg, axis=-1, keepdims=True) - jnp.log(k)
    loss = jax.nn.softplus(neg_lse - pos)
    return loss.mean()
