import numpy as np


def sigmoid(x):
    e = np.exp(-np.abs(x))
    return np.where(x >= 0, 1.0, e) / (1.0 + e)


def impl(hidden, class_vectors, biases, targets, negatives):
    """Skip-gram negative sampling, shared noise words."""
    n = hidden.shape[0]
    y = targets.astype(np.int64) - 1
    neg = negatives.astype(np.int64)
    wy, wn = class_vectors[y], class_vectors[neg]
    pos = np.einsum("nd,nd->n", hidden, wy) + biases[y]
    sc = hidden @ wn.T + biases[neg]

    eps = 1e-10
    value = -(np.log(sigmoid(pos) + eps).sum() + np.log(sigmoid(-sc) + eps).sum()) / n

    gpos = -sigmoid(-pos) / n
    gneg = sigmoid(sc) / n
    gW, gb = np.zeros_like(class_vectors), np.zeros_like(biases)
    np.add.at(gW, y, gpos[:, None] * hidden)
    np.add.at(gW, neg, gneg.T @ hidden)
    np.add.at(gb, y, gpos)
    np.add.at(gb, neg, gneg.sum(axis=0))
    return {"value": value, "grad_hidden": gpos[:, None] * wy + gneg @ wn,
            "grad_class_vectors": gW, "grad_biases": gb}
