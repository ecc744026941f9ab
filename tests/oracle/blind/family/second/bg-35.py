import numpy as np


def sigmoid(x):
    e = np.exp(-np.abs(x))
    return np.where(x >= 0, 1 / (1 + e), e / (1 + e))


def impl(hidden, class_vectors, biases, targets, negatives, noise_probabilities):
    """NCE with one shared set of noise words, manual backward."""
    y = targets.astype(int)
    neg = negatives.astype(int)
    n, k = hidden.shape[0], neg.shape[0]
    log_kq = np.log(k) + np.log(noise_probabilities)

    t_pos = (hidden * class_vectors[y]).sum(1) + biases[y] - log_kq[y]
    t_neg = hidden @ class_vectors[neg].T + biases[neg] - log_kq[neg]
    value = (np.logaddexp(0, -t_pos).sum() + np.logaddexp(0, t_neg).sum()) / n

    d_pos = -sigmoid(-t_pos) / n
    d_neg = sigmoid(t_neg) / n
    grad_hidden = d_pos[:, None] * class_vectors[y] + d_neg @ class_vectors[neg]

    grad_w = np.zeros_like(class_vectors)
    grad_w[y] += d_pos[:, None] * hidden
    grad_w[neg] += d_neg.T @ hidden
    grad_b = np.bincount(y, weights=d_pos, minlength=len(biases))
    grad_b = grad_b + np.bincount(neg, weights=d_neg.sum(0), minlength=len(biases))
    return {"value": value, "grad_hidden": grad_hidden,
            "grad_class_vectors": grad_w, "grad_biases": grad_b}
