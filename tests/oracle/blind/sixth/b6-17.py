import torch
import torch.nn.functional as F


def impl(log_model_data, log_model_noise, log_noise_data, log_noise_noise, nu):
    """word2vec-like head: one pool of negatives for the whole batch"""
    pos_score = log_model_data - log_noise_data
    neg_score = log_model_noise - log_noise_noise
    pos_loss = F.logsigmoid(pos_score)
    neg_loss = F.logsigmoid(neg_score.neg()).sum(dim=1)
    return -torch.mean(pos_loss + neg_loss)
