import numpy as np


def lsig(z):
    return np.minimum(z, 0) - np.log1p(np.exp(-np.abs(z)))


def impl(log_model_data, log_model_noise, log_noise_data, log_noise_noise, nu):
    n = log_model_data.size
    ln_nu = np.log(nu)
    gd = log_model_data - log_noise_data - ln_nu
    gn = log_model_noise - log_noise_noise - ln_nu
    value = (lsig(gd).sum() + lsig(-gn).sum()) / n
    return {
        "value": value,
        "grad_log_model_data": np.exp(lsig(-gd)) / n,
        "grad_log_model_noise": np.exp(lsig(gn)) / n,
    }
