import jax.numpy as jnp
from jax.scipy.special import logsumexp


def impl(positive, negatives, temperature=0.5):
    neg = negatives / temperature
    logits = jnp.concatenate([positive[:, None], neg], axis=-1)
    return jnp.mean(logsumexp(logits, axis=-1) - positive)
