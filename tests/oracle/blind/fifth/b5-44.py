import torch
import torch.nn.functional as F


def impl(log_ratio_data, log_ratio_noise, mask, weights, nu):
    log_nu = nu.log()
    pos = F.softplus(log_nu - log_ratio_data)
    neg_logits = (log_ratio_noise - log_nu.unsqueeze(1)) * mask
    neg = F.softplus(neg_logits).sum(dim=1)
    return torch.sum(weights * (pos + neg)) / torch.sum(weights)
