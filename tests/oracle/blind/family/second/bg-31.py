import jax
import jax.numpy as jnp


def _unit(z):
    return z / jnp.linalg.norm(z, axis=-1, keepdims=True)


def impl(anchors, positives, negatives, mask, temperature):
    """Anchors against a shared bank of negatives, with an allow-mask."""
    keep = mask > 0
    negatives = jnp.where(keep.any(axis=0)[:, None], negatives, 1.0)
    u, v, w = _unit(anchors), _unit(positives), _unit(negatives)
    pos = jnp.sum(u * v, axis=-1, keepdims=True)
    gap = (u @ w.T - pos) / temperature
    gap = jnp.where(keep, gap, jnp.finfo(gap.dtype).min)
    loss = jax.nn.softplus(jax.nn.logsumexp(gap, axis=1))
    has_negatives = keep.any(axis=1).astype(loss.dtype)
    return jnp.sum(loss * has_negatives) / jnp.maximum(has_negatives.sum(), 1.0)
