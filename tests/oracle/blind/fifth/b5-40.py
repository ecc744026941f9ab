import numpy as np


def _log_sigmoid(z):
    return np.minimum(z, 0.0) - np.log1p(np.exp(-np.abs(z)))


def impl(log_model_data, log_model_noise, log_noise_data, log_noise_noise, mask, weights, nu):
    on = np.asarray(mask) > 0
    w = weights / weights.sum()
    ln_nu = np.log(nu)

    lm = np.where(on, log_model_noise, 0.0)
    ln = np.where(on, log_noise_noise, 0.0)
    a = log_model_data - log_noise_data - ln_nu
    b = lm - ln - ln_nu[:, None]

    noise_ll = np.where(on, _log_sigmoid(-b), 0.0)
    J = np.sum(w * (_log_sigmoid(a) + noise_ll.sum(axis=1)))
    return {
        "value": J,
        "grad_log_model_data": w * np.exp(_log_sigmoid(-a)),
        "grad_log_model_noise": np.where(on, -w[:, None] * np.exp(_log_sigmoid(b)), 0.0),
    }
