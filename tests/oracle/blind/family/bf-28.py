import torch
import torch.nn as nn


class SGNS(nn.Module):
    eps = 1e-10

    def forward(self, hidden, class_vectors, biases, targets, negatives, mask):
        valid = mask.bool()
        negatives = negatives.masked_fill(~valid, 0).long()
        targets = targets.long()

        pos = (hidden * class_vectors[targets]).sum(dim=1) + biases[targets]
        neg = torch.bmm(class_vectors[negatives], hidden.unsqueeze(2)).squeeze(2) + biases[negatives]

        pos_loss = -torch.log(torch.sigmoid(pos) + self.eps)
        neg_loss = -torch.log(torch.sigmoid(-neg) + self.eps)
        neg_loss = neg_loss.masked_fill(~valid, 0.0).sum(dim=1)
        return (pos_loss + neg_loss).mean()


impl = SGNS()
