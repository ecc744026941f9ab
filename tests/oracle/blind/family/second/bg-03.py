import torch
import torch.nn.functional as F


def impl(anchors, positives, temperature):
    """In-batch negatives (sentence-embedding style)."""
    a = anchors / anchors.norm(dim=-1, keepdim=True)
    sim = a @ positives.t()
    n = sim.size(0)
    labels = torch.arange(n, device=sim.device)
    pos = sim.gather(1, labels[:, None])
    gap = (sim - pos) / temperature
    gap = gap.masked_fill(torch.eye(n, dtype=torch.bool, device=sim.device), torch.finfo(sim.dtype).min)
    return -F.logsigmoid(-gap.logsumexp(1)).mean()
