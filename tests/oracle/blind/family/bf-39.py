import numpy as np


def impl(hidden, class_vectors, biases, targets, negatives, noise_probabilities, mask):
    n = hidden.shape[0]
    y = targets.astype(np.int64)
    neg = np.where(mask > 0, negatives, 0).astype(np.int64)
    ids = np.concatenate([y[:, None], neg], axis=1)

    logits = np.einsum("nd,nkd->nk", hidden, class_vectors[ids]) + biases[ids]
    logits = logits - np.log(noise_probabilities[ids])
    logits[:, 1:] += np.log(mask + 1e-6)

    shifted = logits - logits.max(axis=1, keepdims=True)
    probs = np.exp(shifted)
    probs /= probs.sum(axis=1, keepdims=True)
    value = -np.log(probs[:, 0]).mean()

    delta = probs / n
    delta[:, 0] -= 1.0 / n
    grad_hidden = np.einsum("nk,nkd->nd", delta, class_vectors[ids])
    grad_w = np.zeros_like(class_vectors)
    np.add.at(grad_w, ids, delta[..., None] * hidden[:, None, :])
    grad_b = np.zeros_like(biases)
    np.add.at(grad_b, neg, delta[:, 1:])
    return {"value": value, "grad_hidden": grad_hidden, "grad_class_vectors": grad_w, "grad_biases": grad_b}
