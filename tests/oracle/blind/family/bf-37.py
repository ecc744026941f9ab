import jax
import jax.numpy as jnp


def impl(hidden, class_vectors, biases, targets, negatives, noise_probabilities):
    y = targets.astype(int)
    neg = negatives.astype(int)
    true_logits = jnp.einsum("bd,bd->b", hidden, class_vectors[y]) + biases[y]
    sampled_logits = jnp.einsum("bd,bkd->bk", hidden, class_vectors[neg]) + biases[neg]
    # subtract the log-expected count of the sampler
    sampled_logits = sampled_logits - jnp.log(noise_probabilities[neg])
    return jax.nn.softplus(jax.nn.logsumexp(sampled_logits, axis=1) - true_logits).mean()
