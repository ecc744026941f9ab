import numpy as np


def logsig(z):
    return -np.logaddexp(0, -z)


def impl(log_model_data, log_model_noise, log_noise_data, log_noise_noise, nu):
    """noise arrays: (batch, m), same m points for every row"""
    log_nu = np.log(nu)
    pos = logsig(log_model_data - log_noise_data - log_nu)
    neg = logsig(-(log_model_noise - log_noise_noise) - log_nu)
    return pos.mean() + neg.sum(axis=0).mean()
