import numpy as np
from scipy.special import logsumexp, softmax


def is_mle(log_model_data, log_model_noise, log_noise_noise):
    """Monte Carlo maximum likelihood; Z by importance sampling from the noise."""
    log_w = log_model_noise - log_noise_noise
    n, m = log_model_data.size, log_w.size
    log_z = logsumexp(log_w) - np.log(m)
    return dict(
        value=log_model_data.mean() - log_z,
        log_normalizer=log_z,
        grad_log_model_data=np.full_like(log_model_data, 1.0 / n),
        grad_log_model_noise=-softmax(log_w),
    )


impl = is_mle
