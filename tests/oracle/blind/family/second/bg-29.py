import jax.numpy as jnp


def impl(views, temperature):
    """SimCLR loss."""
    n = views.shape[0]
    half = n // 2
    z = views / jnp.linalg.norm(views, axis=1, keepdims=True)
    sim = jnp.exp(z @ z.T / temperature)
    sim = jnp.where(jnp.eye(n, dtype=bool), 0.0, sim)
    partner = jnp.roll(jnp.arange(n), half)
    pos = sim[jnp.arange(n), partner]
    neg = sim.at[jnp.arange(n), partner].set(0.0).sum(axis=1)
    loss = jnp.log1p(neg / pos)
    return loss.sum() / half
