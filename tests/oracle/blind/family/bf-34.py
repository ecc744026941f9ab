import numpy as np


def impl(log_model_data, log_model_noise, log_noise_data, log_noise_noise):
    """Ranking NCE log-likelihood (to be maximised), mean over the data."""
    n = log_model_data.shape[0]
    s0 = log_model_data - log_noise_data
    s = log_model_noise - log_noise_noise
    best = s.max(axis=1)
    e = np.exp(s - best[:, None])
    margin = (s0 - best) - np.log(e.sum(axis=1))
    J = -np.logaddexp(0.0, -margin)
    miss = np.exp(-np.logaddexp(0.0, margin))
    return {
        "value": J.sum() / n,
        "grad_log_model_data": miss / n,
        "grad_log_model_noise": -(miss / e.sum(axis=1))[:, None] * e / n,
    }
