import numpy as np


def logsumexp(a, axis):
    top = a.max(axis=axis, keepdims=True)
    return np.squeeze(top, axis) + np.log(np.exp(a - top).sum(axis=axis))


def impl(positive, negatives):
    scores = np.concatenate([positive[:, None], negatives], axis=1)
    return np.mean(logsumexp(scores, axis=1) - scores[:, 0])
