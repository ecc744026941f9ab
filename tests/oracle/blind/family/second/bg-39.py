import jax
import jax.numpy as jnp


def impl(hidden, class_vectors, biases, targets, negatives, noise_probabilities, mask):
    """NCE for a softmax output layer, padded noise samples."""
    keep = mask > 0
    target_ids = targets.astype(jnp.int32)
    noise_ids = jnp.where(keep, negatives, 0).astype(jnp.int32)
    k = keep.sum(axis=1)
    log_k = jnp.log(jnp.maximum(k, 1).astype(hidden.dtype))
    log_q = jnp.log(noise_probabilities)

    def logit(ids, h):
        return class_vectors[ids] @ h + biases[ids] - log_q[ids]

    pos = jax.vmap(logit)(target_ids, hidden) - log_k
    neg = jax.vmap(logit)(noise_ids, hidden) - log_k[:, None]
    loglik = jax.nn.log_sigmoid(pos) + jnp.where(keep, jax.nn.log_sigmoid(-neg), 0.0).sum(axis=1)
    return -jnp.where(k > 0, loglik, 0.0).mean()
