import torch
import torch.nn as nn
import torch.nn.functional as F


class InfoNCE(nn.Module):
    """InfoNCE with explicit (paired) negatives, which may be padded."""

    def __init__(self, reduction="mean"):
        super().__init__()
        self.reduction = reduction

    def forward(self, anchors, positives, negatives, mask, temperature):
        negatives = torch.where(mask.bool().unsqueeze(-1), negatives, torch.ones_like(negatives))
        query = F.normalize(anchors, dim=-1)
        positive_key = F.normalize(positives, dim=-1)
        negative_keys = F.normalize(negatives, dim=-1)

        positive_logit = torch.sum(query * positive_key, dim=1, keepdim=True)
        negative_logits = (query.unsqueeze(1) @ negative_keys.transpose(-2, -1)).squeeze(1)
        negative_logits = negative_logits * mask

        logits = torch.cat([positive_logit, negative_logits], dim=1) / temperature
        labels = torch.zeros(len(logits), dtype=torch.long, device=query.device)
        loss = F.cross_entropy(logits, labels, reduction="none")
        return (loss * mask.bool().any(dim=1)).mean()


impl = InfoNCE()
