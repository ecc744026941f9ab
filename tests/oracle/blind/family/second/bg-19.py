import jax.numpy as jnp
from jax.nn import softplus
from jax.scipy.special import logsumexp


def impl(logits_marginal, logits_joint, gamma):
    """NRE-C (contrastive neural ratio estimation), joint pair in column 0."""
    n, K = logits_joint.shape
    dtype = logits_joint.dtype
    offset = jnp.log(jnp.asarray(K, dtype)) - jnp.log(gamma)

    loss_marginal = softplus(logsumexp(logits_marginal, axis=1) - offset)

    first, others = logits_joint[:, :1], logits_joint[:, 1:]
    rest = jnp.concatenate([jnp.full((n, 1), offset, dtype=dtype), others], axis=1)
    loss_joint = softplus(logsumexp(rest - first, axis=1))

    p_marginal, p_joint = 1 / (1 + gamma), gamma / (1 + gamma)
    return p_marginal * loss_marginal.mean() + p_joint * loss_joint.mean()
