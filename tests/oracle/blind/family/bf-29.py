import jax
import jax.numpy as jnp


def impl(logits_marginal, logits_joint, gamma):
    """NRE-C: class 0 is 'all K independent', with odds gamma for the K others together."""
    n, K = logits_joint.shape
    o = jnp.log(jnp.asarray(K, logits_joint.dtype)) - jnp.log(gamma)

    marginal = jax.nn.softplus(jax.nn.logsumexp(logits_marginal, axis=1) - o)

    rest = jnp.concatenate([jnp.full((n, 1), 1.0, logits_joint.dtype) * o, logits_joint[:, 1:]], axis=1)
    joint = jax.nn.softplus(jax.nn.logsumexp(rest, axis=1) - logits_joint[:, 0])

    w = 1.0 / (1.0 + gamma)
    return w * marginal.mean() + gamma * w * joint.mean()
