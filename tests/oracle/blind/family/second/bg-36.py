import jax
import jax.numpy as jnp


def impl(logit_positive, logits_negative):
    # CPC / InfoNCE on scores
    logits_negative = jax.lax.stop_gradient(logits_negative)
    gap = jax.scipy.special.logsumexp(logits_negative - logit_positive[:, None], axis=-1)
    per_example = jax.nn.softplus(gap)
    return per_example.mean()
