import jax
import jax.numpy as jnp


def impl(anchors, positives, temperature):
    a = anchors / jnp.linalg.norm(anchors, axis=1, keepdims=True)
    p = positives / jnp.linalg.norm(positives, axis=1, keepdims=True)
    l_pos = jnp.sum(a * p, axis=1, keepdims=True)
    l_neg = a @ p.T
    logits = jnp.concatenate([l_pos, l_neg], axis=1) / temperature
    return -jax.nn.log_softmax(logits, axis=1)[:, 0].mean()
