import numpy as np


def log_sigmoid(x):
    return np.minimum(x, 0) - np.log1p(np.exp(-np.abs(x)))


def impl(hidden, class_vectors, biases, targets, negatives, mask):
    n = len(hidden)
    keep = mask > 0
    c = targets.astype(int)
    o = np.where(keep, negatives, 0).astype(int)

    s_c = np.einsum("id,id->i", hidden, class_vectors[c]) + biases[c]
    s_o = np.einsum("id,ijd->ij", hidden, class_vectors[o])
    loss = -log_sigmoid(s_c) - np.where(keep, log_sigmoid(-s_o), 0).sum(1)

    d_c = -np.exp(log_sigmoid(-s_c)) / n
    d_o = np.where(keep, np.exp(log_sigmoid(s_o)), 0) / n

    grad_h = d_c[:, None] * class_vectors[c] + np.einsum("ij,ijd->id", d_o, class_vectors[o])
    grad_w = np.zeros_like(class_vectors)
    grad_w[c] += d_c[:, None] * hidden
    for j in range(o.shape[1]):
        grad_w[o[:, j]] += d_o[:, j, None] * hidden
    grad_b = np.bincount(c, weights=d_c, minlength=len(biases))
    return {"value": loss.mean(), "grad_hidden": grad_h, "grad_class_vectors": grad_w, "grad_biases": grad_b}
