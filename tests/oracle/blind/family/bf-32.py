import torch
import torch.nn as nn


class NTXentLoss(nn.Module):
    def __init__(self):
        super().__init__()
        self.similarity = nn.CosineSimilarity(dim=-1)
        self.criterion = nn.CrossEntropyLoss(reduction="sum")

    def forward(self, views, temperature):
        N = views.shape[0]
        sim = self.similarity(views.unsqueeze(1), views.unsqueeze(0)) / temperature
        labels = torch.roll(torch.arange(N, device=views.device), N // 2)
        return self.criterion(sim, labels) / N


impl = NTXentLoss()
