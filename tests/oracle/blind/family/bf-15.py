import torch
import torch.nn as nn


class ContrastiveHead(nn.Module):
    def __init__(self, label_smoothing=0.1):
        super().__init__()
        self.criterion = nn.CrossEntropyLoss(label_smoothing=label_smoothing)

    def forward(self, logit_positive, logits_negative):
        logits = torch.cat([logits_negative, logit_positive.view(-1, 1)], dim=1)
        labels = torch.zeros(logits.size(0), dtype=torch.long, device=logits.device)
        return self.criterion(logits, labels)


impl = ContrastiveHead()
