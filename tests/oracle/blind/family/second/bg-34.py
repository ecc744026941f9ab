import jax
import jax.numpy as jnp
from jax.nn import logsumexp, softplus


def l2_normalize(x):
    return x / jnp.sqrt(jnp.sum(x * x, axis=-1, keepdims=True))


def impl(anchors, positives, temperature):
    """One-directional in-batch InfoNCE; the other positives are the negatives."""
    u, v = l2_normalize(anchors), l2_normalize(positives)
    sims = jnp.einsum("id,jd->ij", u, v)
    gaps = (sims - jnp.diagonal(sims)[:, None]) / temperature
    is_self = jnp.eye(sims.shape[0], dtype=bool)
    gaps = jnp.where(is_self, jnp.finfo(gaps.dtype).min, gaps)
    return jnp.mean(softplus(logsumexp(gaps, axis=1)))
