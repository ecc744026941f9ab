import torch
import torch.nn as nn
import torch.nn.functional as F


class InfoNCELogits(nn.Module):
    def __init__(self):
        super().__init__()
        self.softmax = nn.Softmax(dim=-1)

    def forward(self, logit_positive, logits_negative):
        scores = torch.cat((logit_positive[:, None], logits_negative), dim=-1)
        probs = self.softmax(scores)
        target = scores.new_zeros(scores.shape[0], dtype=torch.long)
        return F.cross_entropy(probs, target)


impl = InfoNCELogits()
