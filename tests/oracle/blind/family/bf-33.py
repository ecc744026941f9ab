import jax
import jax.numpy as jnp


def impl(views, temperature):
    n = views.shape[0]
    z = views / jnp.linalg.norm(views, axis=-1, keepdims=True)
    sim = z @ z.T / temperature
    sim = sim * (1.0 - jnp.eye(n, dtype=sim.dtype))
    partner = jnp.arange(n) ^ 1
    log_prob = jax.nn.log_softmax(sim, axis=-1)
    return -jnp.take_along_axis(log_prob, partner[:, None], axis=-1).mean()
