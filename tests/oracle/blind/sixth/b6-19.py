import numpy as np


def impl(log_model_data, log_model_noise, log_noise_noise):
    lw = log_model_noise - log_noise_noise
    top = lw.max()
    w = np.exp(lw - top)
    log_mean_w = top + np.log(w.mean())
    c = -log_mean_w
    return {
        "value": np.mean(log_model_data) + c,
        "log_normalizer": c,
        "grad_log_model_data": np.ones_like(log_model_data) / len(log_model_data),
        "grad_log_model_noise": -w / w.mean(),
    }
