import numpy as np


def impl(log_ratio_data, log_ratio_noise, nu):
    # log_ratio_noise: (n, m), noise points shared by the batch
    shift = np.log(nu)
    z = np.column_stack([log_ratio_data, log_ratio_noise]) - shift
    sign = -np.ones(z.shape[1])
    sign[0] = 1.0
    return -np.logaddexp(0.0, -z * sign).sum()
