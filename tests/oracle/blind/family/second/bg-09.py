import numpy as np


def impl(log_model_data, log_model_noise, log_noise_given_data, log_data_given_noise):
    """Conditional NCE."""
    n, kappa = log_model_noise.shape
    G = log_model_data[:, None] + log_data_given_noise - log_model_noise - log_noise_given_data
    value = np.logaddexp(0.0, -G).sum() / (n * kappa)
    e = np.exp(-np.abs(G))
    r = np.where(G > 0, e, 1.0) / (1.0 + e)     # sigma(-G)
    r = r / (n * kappa)
    return {"value": value, "grad_log_model_data": -r.sum(axis=1), "grad_log_model_noise": r}
