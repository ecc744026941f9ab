import jax
import jax.numpy as jnp


def impl(images, texts, log_scale, bias):
    # sigmoid loss, averaged over all pairs of the batch
    zimg = images / jnp.linalg.norm(images, axis=-1, keepdims=True)
    ztxt = texts / jnp.linalg.norm(texts, axis=-1, keepdims=True)
    logits = jnp.exp(log_scale) * jnp.dot(zimg, ztxt.T) + bias

    eye = jnp.eye(zimg.shape[0], dtype=logits.dtype)
    m1_diag1 = -jnp.ones_like(logits) + 2 * eye
    loglik = jax.nn.log_sigmoid(m1_diag1 * logits)
    return -jnp.mean(loglik)
