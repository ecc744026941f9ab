import torch
from torch import nn


class InfoNCELoss(nn.Module):
    def __init__(self, label_smoothing=0.1):
        super().__init__()
        self.softmax = nn.Softmax(dim=1)
        self.criterion = nn.CrossEntropyLoss(label_smoothing=label_smoothing)

    def forward(self, logit_positive, logits_negative):
        logits = torch.cat([logit_positive.unsqueeze(1), logits_negative], dim=1)
        labels = torch.zeros(logits.size(0), dtype=torch.long, device=logits.device)
        probs = self.softmax(logits)
        return self.criterion(probs, labels)


impl = InfoNCELoss()
