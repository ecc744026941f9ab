import numpy as np


def impl(log_model_data, log_model_noise, log_noise_data, log_noise_noise):
    """Ranking NCE: mean log posterior that the datum is the real one (to be maximised)."""
    n, k = log_model_noise.shape
    pos = log_model_data - log_noise_data
    neg = log_model_noise - log_noise_noise
    delta = neg - pos[:, None]
    log_odds = np.logaddexp.reduce(delta, axis=1)
    loglik = -np.logaddexp(0.0, log_odds)

    # posterior of being noise, without 1 - p
    t = np.exp(-np.abs(log_odds))
    p_noise = np.where(log_odds > 0, 1.0 / (1.0 + t), t / (1.0 + t))
    share = np.exp(delta - log_odds[:, None])
    share /= share.sum(axis=1, keepdims=True)
    return {
        "value": loglik.mean(),
        "grad_log_model_data": p_noise / n,
        "grad_log_model_noise": -p_noise[:, None] * share / n,
    }
