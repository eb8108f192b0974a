"""The methods on rows beside Eq. 4, from their formulas, with inverses and double loops in float64; slow, plain."""

import numpy as np

EPSILON = 1e-3


def unit(vector):
    vector = np.asarray(vector, np.float64)
    length = np.linalg.norm(vector)
    return vector / length if length > 0 else vector


def naive_rule(bank, num_images, rule, tie, included=()):
    """Return [(image, label, likeness, score)]; ``rule(p, likeness, chosen rows, all likenesses, round)`` scores."""
    rows = [unit(vector) for vector in bank.vectors]
    images, labels = list(bank.image_ids), list(bank.labels)
    members = {c: [i for i, label in enumerate(labels) if label == c] for c in range(len(bank.classes))}
    likeness = {i: np.mean([rows[i] @ rows[j] for j in members[labels[i]]]) for i in range(len(rows))}
    selected, picks = list(included), []
    while len(selected) < min(num_images, len(set(images))):
        for c, whole in members.items():
            left = [i for i in whole if images[i] not in selected]
            if not left or len(selected) >= num_images:
                continue
            chosen = [rows[i] for i in whole if images[i] in selected]
            number = 1 + len(selected) // len(bank.classes)
            among = np.array([likeness[i] for i in whole])
            scores = {i: rule(rows[i], likeness[i], chosen, among, number) for i in left}
            tied = [i for i in left if scores[i] >= max(scores.values()) - tie]
            best = next(i for i in tied if likeness[i] >= max(likeness[j] for j in tied) - 1e-12)
            selected.append(images[best])
            picks.append((images[best], c, likeness[best], scores[best]))
    return picks


def z(likeness, among):
    return (likeness - among.mean()) / among.std() if among.std() >= 1e-6 else 0.0


def log_det(p, likeness, chosen, among, number):
    unexplained = np.eye(len(p)) + sum((np.outer(q, q) for q in chosen), np.zeros((len(p), len(p)))) / EPSILON
    return z(likeness, among) + np.log(EPSILON + p @ np.linalg.solve(unexplained, p))


def mmr(p, likeness, chosen, among, number):
    return likeness + 1 - max([p @ q for q in chosen], default=-1)


def k_center(p, likeness, chosen, among, number):
    return 1 - max([p @ q for q in chosen], default=-1)


def facility_location(bank, num_images):
    """Return the ids that greedy facility location picks: f is computed whole for every candidate."""
    rows = [unit(vector) for vector in bank.vectors]
    images, labels = list(bank.image_ids), list(bank.labels)
    members = {c: [i for i, label in enumerate(labels) if label == c] for c in range(len(bank.classes))}
    selected = []

    def value(whole, chosen):
        return sum(max([rows[i] @ rows[j] for j in chosen], default=-1) for i in whole)

    while len(selected) < min(num_images, len(set(images))):
        for whole in members.values():
            left = [i for i in whole if images[i] not in selected]
            if not left or len(selected) >= num_images:
                continue
            chosen = [i for i in whole if images[i] in selected]
            values = {i: value(whole, [*chosen, i]) for i in left}
            top = max(values.values())
            selected.append(images[next(i for i in left if values[i] >= top - 1e-12 * len(whole))])
    return selected
