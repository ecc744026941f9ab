import jax
import jax.numpy as jnp


def impl(hidden, class_vectors, biases, targets, negatives):
    """Skip-gram objective to be maximised; one draw of negatives for the batch."""
    y = targets.astype(jnp.int32)
    neg = negatives.astype(jnp.int32)
    pos_logit = jnp.sum(hidden * class_vectors[y], axis=1) + biases[y]
    neg_logit = hidden @ class_vectors[neg].T + biases[neg][None, :]
    ll = jax.nn.log_sigmoid(pos_logit) + jax.nn.log_sigmoid(-neg_logit).sum(axis=1)
    return ll.mean()
