import numpy as np


def impl(embeddings, labels, temperature):
    labels = np.rint(labels).astype(int)
    u = embeddings / np.linalg.norm(embeddings, axis=1, keepdims=True)
    s = u @ u.T / temperature
    n = len(u)
    total = 0.0
    for i in range(n):
        P = [p for p in range(n) if p != i and labels[p] == labels[i]]
        if not P:
            continue
        acc = 0.0
        for p in P:
            rest = [s[i, a] for a in range(n) if a != i and a != p]
            if rest:
                acc += np.logaddexp(0.0, np.logaddexp.reduce(rest) - s[i, p])
        total += acc / len(P)
    return {"value": total / n}
