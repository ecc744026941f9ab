import jax
import jax.numpy as jnp


def l2_normalize(x, axis=-1):
    return x * jax.lax.rsqrt(jnp.sum(x * x, axis=axis, keepdims=True))


def impl(anchors, positives, negatives, mask, temperature):
    mask = mask > 0
    negatives = jnp.where(mask.any(0)[:, None], negatives, 1.0)
    a, p, b = l2_normalize(anchors), l2_normalize(positives), l2_normalize(negatives)
    pos = jnp.sum(a * p, -1) / temperature
    neg = a @ b.T / temperature

    count = mask.sum(axis=1)
    valid_row = count > 0
    neg = jnp.where(mask, neg, jnp.where(valid_row[:, None], -jnp.inf, 0.0))
    lse = jax.nn.logsumexp(neg, axis=1) - jnp.log(jnp.maximum(count, 1))
    loss = jnp.where(valid_row, jnp.logaddexp(pos, lse) - pos, 0.0)
    return loss.sum() / jnp.maximum(valid_row.sum(), 1)
