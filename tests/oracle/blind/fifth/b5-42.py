import jax
import jax.numpy as jnp


def impl(positive, negatives):
    negatives = jax.lax.stop_gradient(negatives)
    scores = jnp.concatenate([positive[:, None], negatives], axis=1)
    prob = jax.nn.softmax(scores, axis=1)[:, 0]
    return -jnp.log(prob + 1e-6).mean()
