"""Section 3.5 of the paper as naive double loops in float64, with the documented tie rule; slow and plain."""

import numpy as np


def cosine(a, b):
    a, b = np.asarray(a, np.float64), np.asarray(b, np.float64)
    norms = np.linalg.norm(a) * np.linalg.norm(b)
    return float(a @ b / norms) if norms > 0 else 0.0


def naive_select(vectors, images, labels, num_classes, num_images, lam, included=()):
    """Return [(image, label, A, B)], rows given as parallel lists; image is anything hashable."""
    rows = range(len(vectors))
    cos = {}

    def similarity(i, j):
        if (i, j) not in cos:
            cos[i, j] = cosine(vectors[i], vectors[j])
        return cos[i, j]

    selected = list(included)
    picks = []
    while len(selected) < num_images:
        progressed = False
        for c in range(num_classes):
            pool = [i for i in rows if labels[i] == c and images[i] not in selected]
            chosen = [i for i in rows if labels[i] == c and images[i] in selected]
            if not pool or len(selected) >= num_images:
                continue
            first = {i: sum(similarity(i, j) for j in pool) for i in pool}
            second = {i: sum(similarity(i, j) for j in chosen) for i in pool}
            best = tie_rule(pool, first, second, lam, len(chosen))
            selected.append(images[best])
            picks.append((images[best], c, first[best], second[best]))
            progressed = True
        if not progressed:
            break
    return picks


def tie_rule(pool, first, second, lam, num_chosen):
    score = {i: lam * first[i] - second[i] for i in pool}
    top = max(score.values())
    tied = [i for i in pool if score[i] >= top - 1e-12 * (lam * len(pool) + num_chosen)]
    top = max(first[i] for i in tied)
    tied = [i for i in tied if first[i] >= top - 1e-12 * len(pool)]
    low = min(second[i] for i in tied)
    return next(i for i in tied if second[i] <= low + 1e-12 * num_chosen)
