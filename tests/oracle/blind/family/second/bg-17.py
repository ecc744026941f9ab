import numpy as np


def sampled_softmax_loss(weights, biases, labels, inputs, sampled, q, subtract_log_q=True):
    true_logits = np.einsum("nd,nd->n", inputs, weights[labels]) + biases[labels]
    sampled_logits = inputs @ weights[sampled].T + biases[sampled]
    if subtract_log_q:
        sampled_logits -= np.log(q[sampled])
    diff = sampled_logits - true_logits[:, None]
    top = diff.max(axis=1)
    lse = top + np.log(np.exp(diff - top[:, None]).sum(axis=1))
    return np.logaddexp(0, lse)


def impl(hidden, class_vectors, biases, targets, negatives, noise_probabilities):
    losses = sampled_softmax_loss(class_vectors, biases, targets.astype(np.int64), hidden,
                                  negatives.astype(np.int64), noise_probabilities)
    return {"value": losses.mean()}
