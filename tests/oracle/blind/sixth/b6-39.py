import jax
import jax.numpy as jnp

EPS = 1e-8


def impl(log_model_data, log_model_noise, log_noise_data, log_noise_noise, nu):
    log_nu = jnp.log(nu)
    p_data = jax.nn.sigmoid(log_model_data - log_noise_data - log_nu)
    # 1 - sigmoid(h) = sigmoid(-h)
    q_noise = jax.nn.sigmoid(log_nu - (log_model_noise - log_noise_noise))
    loss = -jnp.log(p_data + EPS).sum() - jnp.log(q_noise + EPS).sum()
    return loss / log_model_data.shape[0]
