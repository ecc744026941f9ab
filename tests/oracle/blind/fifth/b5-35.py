import math

import torch.nn.functional as F


def impl(log_ratio_data, log_ratio_noise, nu):
    log_k = math.log(nu)
    neg_scores = log_ratio_noise.detach()
    pos_term = F.logsigmoid(log_ratio_data - log_k)
    neg_term = F.logsigmoid(log_k - neg_scores).sum(dim=-1)
    return -(pos_term + neg_term).mean()
