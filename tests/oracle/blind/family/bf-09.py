import jax.numpy as jnp
from jax.nn import softplus


def impl(log_model_data, log_model_noise, log_noise_given_data, log_data_given_noise):
    # G(x, y) = log [phi(x) p(y|x)] - log [phi(y) p(x|y)]
    log_joint_x = log_model_data[:, None] + log_data_given_noise
    log_joint_y = log_model_noise + log_noise_given_data
    G = log_joint_x - log_joint_y
    return jnp.mean(softplus(-G))
