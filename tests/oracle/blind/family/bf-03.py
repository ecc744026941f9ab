import jax
import jax.numpy as jnp


def impl(hidden, class_vectors, biases, targets, negatives, noise_probabilities):
    """TF-style nce_loss with one set of sampled classes for the whole batch."""
    labels = targets.astype(jnp.int32)
    sampled = negatives.astype(jnp.int32)
    num_sampled = noise_probabilities.shape[0]

    true_w = jnp.take(class_vectors, labels, axis=0)
    true_logits = jnp.sum(hidden * true_w, axis=-1) + biases[labels]
    sampled_logits = hidden @ class_vectors[sampled].T + biases[sampled]

    true_logits -= jnp.log(num_sampled * noise_probabilities[labels])
    sampled_logits -= jnp.log(num_sampled * noise_probabilities[sampled])

    true_xent = jax.nn.softplus(-true_logits)
    sampled_xent = jax.nn.softplus(sampled_logits)
    return jnp.mean(true_xent + sampled_xent.mean(axis=-1))
