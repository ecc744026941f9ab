import torch
import torch.nn.functional as F


def impl(log_ratio_data, log_ratio_noise, mask, weights, nu):
    log_nu = torch.log(torch.as_tensor(nu, dtype=log_ratio_data.dtype))
    keep = mask > 0.5
    # fill first, so that no inf gets into the graph
    g_noise = log_ratio_noise.masked_fill(~keep, 0.0)
    pos = F.logsigmoid(log_ratio_data - log_nu)
    neg = F.logsigmoid(log_nu.unsqueeze(-1) - g_noise)
    neg = neg.masked_fill(~keep, 0.0).sum(-1)
    return -(weights * (pos + neg)).sum() / weights.sum()
