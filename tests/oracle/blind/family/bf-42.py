import jax
import jax.numpy as jnp


def impl(images, texts, log_scale, bias):
    n = images.shape[0]
    img = images / jnp.linalg.norm(images, axis=-1, keepdims=True)
    txt = texts
    logits = (jnp.dot(img, txt.T) + bias) * jnp.exp(log_scale)
    m1_diag1 = -jnp.ones_like(logits) + 2 * jnp.eye(n, dtype=logits.dtype)
    loglik = jax.nn.log_sigmoid(m1_diag1 * logits)
    return -jnp.mean(jnp.sum(loglik, axis=-1))
