import numpy as np


def _expit(z):
    out = np.empty_like(z, dtype=float)
    p = z >= 0
    out[p] = 1.0 / (1.0 + np.exp(-z[p]))
    ez = np.exp(z[~p])
    out[~p] = ez / (1.0 + ez)
    return out


def impl(log_model_data, log_model_noise, log_noise_data, log_noise_noise, nu):
    n = log_model_data.shape[0]
    # ln(p_m + nu p_n) on both samples
    tot_d = np.logaddexp(log_model_data, np.log(nu) + log_noise_data)
    tot_n = np.logaddexp(log_model_noise, np.log(nu) + log_noise_noise)
    loss = np.sum(tot_d - log_model_data)
    loss += np.sum(tot_n - np.log(nu) - log_noise_noise)

    zd = log_model_data - log_noise_data - np.log(nu)
    zn = log_model_noise - log_noise_noise - np.log(nu)
    return {
        "value": loss / n,
        "grad_log_model_data": -_expit(-zd) / n,
        "grad_log_model_noise": _expit(zn) / n,
    }
