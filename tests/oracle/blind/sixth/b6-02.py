import torch
import torch.nn.functional as F


def impl(log_ratio_data, log_ratio_noise, mask, weights, nu):
    log_nu = nu.mean().log()
    scores = log_ratio_noise.masked_fill(mask == 0, 0.0)
    pos = F.logsigmoid(log_ratio_data - log_nu)
    neg = F.logsigmoid(log_nu - scores).sum(-1)
    return -torch.dot(weights, pos + neg) / weights.sum()
