import torch
from torch import nn
import torch.nn.functional as F


class SharedNoiseNCE(nn.Module):
    def forward(self, hidden, class_vectors, biases, targets, negatives, noise_probabilities):
        targets, negatives = targets.long(), negatives.long()
        noise_ratio = class_vectors.size(0)
        log_noise = torch.log(noise_ratio * noise_probabilities)

        target_score = (hidden * class_vectors[targets]).sum(1) + biases[targets]
        noise_score = hidden.matmul(class_vectors[negatives].t())

        data_ll = F.logsigmoid(target_score - log_noise[targets])
        noise_ll = F.logsigmoid(log_noise[negatives] - noise_score)
        return -(data_ll + noise_ll.sum(1)).mean()


impl = SharedNoiseNCE()
