import jax
import jax.numpy as jnp


def _nll_of_diagonal(sim, scale, axis):
    diag = jnp.expand_dims(jnp.diagonal(sim), axis)
    gap = scale * (sim - diag)
    gap = jnp.where(jnp.eye(sim.shape[0], dtype=bool), jnp.finfo(sim.dtype).min, gap)
    return jax.nn.softplus(jax.nn.logsumexp(gap, axis=axis)).mean()


def impl(images, texts, log_scale):
    images = images / jnp.linalg.norm(images, axis=-1, keepdims=True)
    texts = texts / jnp.linalg.norm(texts, axis=-1, keepdims=True)
    scale = jnp.exp(log_scale)
    sim_i2t = images @ texts.T
    sim_t2i = texts @ images.T
    loss_img = _nll_of_diagonal(sim_i2t, scale, axis=1)
    loss_txt = _nll_of_diagonal(sim_t2i, scale, axis=0)
    return 0.5 * (loss_img + loss_txt)
