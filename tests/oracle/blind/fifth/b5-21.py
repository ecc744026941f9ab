import numpy as np


def sigm(a):
    return 0.5 * (np.tanh(0.5 * a) + 1)


def impl(log_model_data, log_model_noise, log_noise_data, log_noise_noise, nu):
    N = len(log_model_data)
    Gd = log_model_data - log_noise_data
    Gn = log_model_noise + log_noise_noise
    a = Gd - np.log(nu)
    b = Gn - np.log(nu)
    J = (-np.logaddexp(0, -a)).sum() / N + (-np.logaddexp(0, b)).sum() / N
    return {
        'value': J,
        'grad_log_model_data': 1 - sigm(a),
        'grad_log_model_noise': -sigm(b),
    }
