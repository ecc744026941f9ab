import torch
import torch.nn.functional as F


def impl(hidden, class_vectors, biases, targets, negatives):
    """word2vec-style negative sampling; one noise draw for the whole batch."""
    targets, negatives = targets.long(), negatives.long()
    pos_vec = F.embedding(targets, class_vectors)
    neg_vec = F.embedding(negatives, class_vectors)

    pos_score = torch.einsum("bd,bd->b", hidden, pos_vec) + biases[targets]
    neg_score = torch.addmm(biases[negatives], hidden, neg_vec.t())

    pos_loss = F.logsigmoid(pos_score)
    neg_loss = F.logsigmoid(neg_score.neg()).sum(dim=1)
    return -(pos_loss + neg_loss).mean()
