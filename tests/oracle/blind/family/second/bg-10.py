import torch
import torch.nn.functional as F


class NREC(torch.nn.Module):
    def forward(self, logits_marginal, logits_joint, gamma):
        n, K = logits_joint.shape
        o = torch.log(K / gamma)
        marginal = -F.logsigmoid(o - torch.logsumexp(logits_marginal, dim=1))
        denom = torch.cat([o.expand(n, 1), logits_joint], dim=1)
        joint = -F.logsigmoid(logits_joint[:, 0] - torch.logsumexp(denom, dim=1))
        w = gamma / (1 + gamma)
        return w * marginal.mean() + (1 - w) * joint.mean()


impl = NREC()
