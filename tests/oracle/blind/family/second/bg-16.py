import jax
import jax.numpy as jnp


def impl(hidden, class_vectors, biases, targets, negatives, mask):
    mask = (mask > 0).astype(hidden.dtype)
    targets = targets.astype(jnp.int32)
    negatives = jnp.where(mask > 0, negatives, 0).astype(jnp.int32)
    pos = jnp.einsum("nd,nd->n", hidden, class_vectors[targets]) + biases[targets]
    neg = jnp.einsum("nd,nkd->nk", hidden, class_vectors[negatives]) + biases[negatives]
    neg = neg * mask
    logp = jax.nn.log_sigmoid(pos) + jax.nn.log_sigmoid(-neg).sum(-1)
    return -logp.mean()
