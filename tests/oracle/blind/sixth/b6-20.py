import numpy as np


def log_sigmoid(z):
    return np.minimum(z, 0) - np.log1p(np.exp(-np.abs(z)))


def impl(log_model_data, log_model_noise, log_noise_data, log_noise_noise, nu):
    n, k = np.shape(log_model_noise)
    s_data = log_model_data - log_noise_data
    s_noise = log_model_noise - log_noise_noise
    log_k = np.log(k)
    pos = log_sigmoid(s_data - log_k)
    neg = log_sigmoid(-s_noise - log_k)
    value = (pos + neg.sum(axis=1)).sum() / n
    # d log_sigmoid(z) / dz = exp(log_sigmoid(-z))
    d_pos = np.exp(log_sigmoid(log_k - s_data)) / n
    d_neg = -np.exp(log_sigmoid(s_noise + log_k)) / n
    return {"value": value, "grad_log_model_data": d_pos, "grad_log_model_noise": d_neg}
