"""The methods on rows, from their formulas, with inverses and double loops in float64; slow, plain."""

import numpy as np

EPSILON = 1e-3


def unit(vector):
    vector = np.asarray(vector, np.float64)
    length = np.linalg.norm(vector)
    return vector / length if length > 0 else vector


def cosine(a, b):
    return float(unit(a) @ unit(b))


def class_round_robin(images, labels, num_classes, num_images, best_of, included=()):
    """Return [(row, label)], a class in turn; ``best_of(whole class, those left, those selected)`` gives a row."""
    members = [[i for i in range(len(labels)) if labels[i] == c] for c in range(num_classes)]
    selected, picks = list(included), []
    while len(selected) < min(num_images, len({*images, *included})):
        for label, whole in enumerate(members):
            left = [i for i in whole if images[i] not in selected]
            if left and len(selected) < num_images:
                best = best_of(whole, left, [i for i in whole if images[i] in selected])
                selected.append(images[best])
                picks.append((best, label))
    return picks


def naive_select(vectors, images, labels, num_classes, num_images, lam, included=()):
    """Return [(image, label, A, B)] of section 3.5, rows given as parallel lists; image is anything hashable."""
    units, sums = np.array([unit(vector) for vector in vectors]), {}
    cosines = units @ units.T

    def best_of(whole, left, chosen):
        first = dict(zip(left, cosines[np.ix_(left, left)].sum(axis=1), strict=True))
        second = dict(zip(left, cosines[np.ix_(left, np.array(chosen, int))].sum(axis=1), strict=True))
        best = tie_rule(left, first, second, lam, len(chosen))
        sums[best] = first[best], second[best]
        return best

    picks = class_round_robin(list(images), list(labels), num_classes, num_images, best_of, included)
    return [(images[row], label, *sums[row]) for row, label in picks]


def tie_rule(pool, first, second, lam, num_chosen):
    """The documented rule: of equal scores the largest A, then the smallest B, then the first."""
    score = {i: lam * first[i] - second[i] for i in pool}
    top = max(score.values())
    tied = [i for i in pool if score[i] >= top - 1e-12 * (lam * len(pool) + num_chosen)]
    top = max(first[i] for i in tied)
    tied = [i for i in tied if first[i] >= top - 1e-12 * len(pool)]
    low = min(second[i] for i in tied)
    return next(i for i in tied if second[i] <= low + 1e-12 * num_chosen)


def naive_rule(bank, num_images, rule, tie, included=()):
    """Return [(image, label, likeness, score)]; ``rule(p, likeness, selected rows, all likenesses)`` scores."""
    rows = [unit(vector) for vector in bank.vectors]
    of_class = [np.array(rows)[bank.labels == label] for label in range(len(bank.classes))]
    likeness = [np.mean([p @ q for q in of_class[bank.labels[i]]]) for i, p in enumerate(rows)]
    found = {}

    def best_of(whole, left, chosen):
        among = np.array([likeness[i] for i in whole])
        scores = {i: rule(rows[i], likeness[i], [rows[j] for j in chosen], among) for i in left}
        tied = [i for i in left if scores[i] >= max(scores.values()) - tie]
        best = next(i for i in tied if likeness[i] >= max(likeness[j] for j in tied) - 1e-12)
        found[best] = likeness[best], scores[best]
        return best

    images = list(bank.image_ids)
    picks = class_round_robin(images, bank.labels, len(bank.classes), num_images, best_of, included)
    return [(images[row], label, *found[row]) for row, label in picks]


def z(likeness, among):
    return (likeness - among.mean()) / among.std() if among.std() >= 1e-6 else 0.0


def log_det(p, likeness, chosen, among):
    unexplained = np.eye(len(p)) + sum((np.outer(q, q) for q in chosen), np.zeros((len(p), len(p)))) / EPSILON
    return z(likeness, among) + np.log(EPSILON + p @ np.linalg.solve(unexplained, p))


def mmr(p, likeness, chosen, among):
    return likeness + 1 - max([p @ q for q in chosen], default=-1)


def k_center(p, likeness, chosen, among):
    return 1 - max([p @ q for q in chosen], default=-1)


def facility_location(bank, num_images, most=10**9):
    """Return the ids that greedy facility location picks: f is computed whole for every candidate.

    Of a class with more rows than ``most``, every k-th is to cover.
    """
    rows, images = [unit(vector) for vector in bank.vectors], list(bank.image_ids)

    def best_of(whole, left, chosen):
        covered = whole[:: max(1, -(-len(whole) // most))]
        values = {i: sum(max(rows[j] @ rows[k] for k in (*chosen, i)) for j in covered) for i in left}
        return next(i for i in left if values[i] >= max(values.values()) - 1e-12 * len(covered))

    picks = class_round_robin(images, bank.labels, len(bank.classes), num_images, best_of)
    return [images[row] for row, _ in picks]
