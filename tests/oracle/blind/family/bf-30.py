import math
import torch
import torch.nn as nn
import torch.nn.functional as F


class NREC(nn.Module):
    def forward(self, logits_marginal, logits_joint, gamma):
        n, k = logits_joint.shape
        gamma = torch.as_tensor(gamma, dtype=logits_joint.dtype)
        log_odds = (math.log(k) - gamma.log()).expand(n, 1)

        # class 0: everything independent
        log_prob_marginal = F.logsigmoid(log_odds.squeeze(1) - torch.logsumexp(logits_marginal, dim=1))
        # class 1: the pair in the first column
        rest = torch.cat([log_odds, logits_joint[:, 1:]], dim=1)
        log_prob_joint = F.logsigmoid(logits_joint[:, 0] - torch.logsumexp(rest, dim=1))

        p_joint = 1 / (1 + gamma)
        p_marginal = gamma / (1 + gamma)
        return -(p_marginal * log_prob_marginal + p_joint * log_prob_joint).mean()


impl = NREC()
