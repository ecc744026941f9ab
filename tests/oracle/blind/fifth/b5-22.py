import jax
import jax.numpy as jnp


def bce_with_logits(logits, targets):
    return jnp.maximum(logits, 0) - logits * targets + jnp.log1p(jnp.exp(-jnp.abs(logits)))


def impl(log_ratio_data, log_ratio_noise):
    logits = jnp.concatenate([log_ratio_data, log_ratio_noise])
    targets = jnp.concatenate([jnp.ones_like(log_ratio_data), jnp.zeros_like(log_ratio_noise)])
    return bce_with_logits(logits, targets).mean()
