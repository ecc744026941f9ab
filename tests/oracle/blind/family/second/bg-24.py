import torch
from torch import nn
import torch.nn.functional as F


class SupConLoss(nn.Module):
    """Supervised contrastive loss, one view per sample."""

    def forward(self, embeddings, labels, temperature):
        n = embeddings.shape[0]
        z = embeddings / embeddings.norm(dim=1, keepdim=True)
        logits = torch.matmul(z, z.T) / temperature
        eye = torch.eye(n, dtype=torch.bool, device=z.device)
        labels = labels.round().long().view(-1, 1)
        positives = torch.eq(labels, labels.T) & ~eye

        # [i, p, a]: competitors a of the pair (i, p)
        gap = logits[:, None, :] - logits[:, :, None]
        drop = eye[:, None, :] | eye[None, :, :]
        gap = gap.masked_fill(drop, torch.finfo(gap.dtype).min)
        nll = -F.logsigmoid(-torch.logsumexp(gap, dim=-1))

        nll = torch.where(positives, nll, torch.zeros_like(nll))
        loss = nll.sum(1) / positives.sum(1).clamp(min=1)
        return loss.mean()


impl = SupConLoss()
