import jax
import jax.numpy as jnp


def _normalize(x):
    return x / jnp.linalg.norm(x, axis=-1, keepdims=True)


def impl(anchors, positives, negatives, mask, temperature):
    valid = mask > 0
    has_negatives = valid.any(axis=1)
    negatives = jnp.where(valid[:, :, None], negatives, 1.0)  # padding may be anything

    q, k_pos, k_neg = map(_normalize, (anchors, positives, negatives))
    l_pos = jnp.einsum("nd,nd->n", q, k_pos) / temperature
    l_neg = jnp.einsum("nd,nkd->nk", q, k_neg) / temperature

    l_neg = jnp.where(valid, l_neg, -jnp.inf)
    l_neg = jnp.where(has_negatives[:, None], l_neg, 0.0)
    loss = jax.nn.softplus(jax.nn.logsumexp(l_neg, axis=1) - l_pos)
    return jnp.where(has_negatives, loss, 0.0).mean()
