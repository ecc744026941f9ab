import numpy as np


def impl(log_ratio_data, log_ratio_noise, nu):
    G = np.concatenate((log_ratio_data[:, np.newaxis], log_ratio_noise), axis=1)
    Y = np.zeros(G.shape)
    Y[:, 0] = 1.0
    z = G - np.log(nu)
    sp = np.maximum(z, 0.0) + np.log1p(np.exp(-np.abs(z)))
    n = G.shape[0]
    J = np.sum(Y * z - sp) / n
    e = np.exp(-np.abs(z))
    H = np.where(z >= 0, 1.0, e) / (1.0 + e)
    D = (Y - H) / n
    return {"value": J, "grad_log_ratio_data": D[:, 0], "grad_log_ratio_noise": D[:, 1:]}
