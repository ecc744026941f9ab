import numpy as np


def log_sigmoid(x):
    return -np.logaddexp(0.0, -x)


def sigmoid(x):
    return np.exp(log_sigmoid(x))


def impl(hidden, class_vectors, biases, targets, negatives, noise_probabilities):
    n = hidden.shape[0]
    y = targets.astype(np.int64)
    neg = negatives.astype(np.int64)
    logq = np.log(noise_probabilities)

    s_pos = np.sum(hidden * class_vectors[y], axis=1) + biases[y] - logq[y]
    s_neg = np.einsum("nd,nkd->nk", hidden, class_vectors[neg]) + biases[neg] - logq[neg]
    value = -(log_sigmoid(s_pos).sum() + log_sigmoid(-s_neg).sum()) / n

    g_pos = -sigmoid(-s_pos) / n
    g_neg = sigmoid(s_neg) / n
    grad_hidden = g_pos[:, None] * class_vectors[y] + np.einsum("nk,nkd->nd", g_neg, class_vectors[neg])
    grad_w = np.zeros_like(class_vectors)
    np.add.at(grad_w, y, g_pos[:, None] * hidden)
    np.add.at(grad_w, neg, g_neg[:, :, None] * hidden[:, None, :])
    grad_b = np.zeros_like(biases)
    np.add.at(grad_b, y, g_pos)
    np.add.at(grad_b, neg, g_neg)
    return {"value": value, "grad_hidden": grad_hidden, "grad_class_vectors": grad_w, "grad_biases": grad_b}
