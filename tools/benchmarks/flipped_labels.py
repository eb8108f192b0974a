#!/usr/bin/env python
"""How many wrong labels ``mmcsod analyze --suspicious`` finds: some are flipped, and the detector trains on them.

A detector that has learnt the wrong labels is the hard case, and the one that happens.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
from scipy.stats import rankdata

from mmcsod import extract_bank, retrain
from mmcsod.report.suspicious import suspicion

ANNOTATIONS = Path('data/chess/annotations/train.json')


def main() -> None:
    """Flip, train, extract, and print how the flipped labels rank."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--config', default='configs/small/faster-rcnn_mobilenet-v2_fpn_320x256_chess.py')
    parser.add_argument('--iters', type=int, default=120)
    parser.add_argument('--share', type=float, default=0.05, help='of the labels to flip (default: 0.05)')
    parser.add_argument('--seeds', type=int, default=1, help='draws of flips, each with a training (default: 1)')
    parser.add_argument('--work-dir', default='work_dirs/flipped')
    args = parser.parse_args()
    for seed in range(args.seeds):
        folder = Path(args.work_dir) / str(seed)
        flipped = flip(folder / 'train.json', args.share, seed)
        options = {'train_dataloader.dataset.ann_file': str((folder / 'train.json').resolve())}
        retrain(args.config, None, iters=args.iters, seed=seed, work_dir=folder, cfg_options=options)
        bank = extract_bank(args.config, folder / f'iter_{args.iters}.pth', folder, cfg_options=options)
        wrong = np.isin(keys(bank), flipped)
        scores = suspicion(bank.label_scores)
        first = np.argsort(-scores, kind='stable')[: wrong.sum()]
        print(
            f'seed {seed}: {wrong.sum()} of {len(wrong)} labels flipped; {wrong[first].mean():.1%} of the first '
            f'{wrong.sum()} are; AUROC {auroc(scores, wrong):.4f}'
        )


def auroc(scores: np.ndarray, wrong: np.ndarray) -> float:
    """Return the probability that a wrong label scores higher than a right one, ties counting half."""
    ranks, number = rankdata(scores), int(wrong.sum())
    return float((ranks[wrong].sum() - number * (number + 1) / 2) / (number * (len(wrong) - number)))


def flip(path: Path, share: float, seed: int) -> list[str]:
    """Write the annotations with some labels of another class of the detector, and return the keys of these."""
    content, rng = json.loads(ANNOTATIONS.read_text()), np.random.default_rng(seed)
    used = sorted({box['category_id'] for box in content['annotations']} - rare(content))
    names = {image['id']: image['file_name'] for image in content['images']}
    candidates = [box for box in content['annotations'] if box['category_id'] in used]
    chosen = rng.choice(len(candidates), round(share * len(candidates)), replace=False)
    for index in chosen:
        box = candidates[index]
        box['category_id'] = int(rng.choice([category for category in used if category != box['category_id']]))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content))
    return [key(names[candidates[index]['image_id']], candidates[index]['bbox'][:2]) for index in chosen]


def rare(content: dict) -> set[int]:
    """Return the categories that the configs leave out."""
    return {category['id'] for category in content['categories'] if category['name'] in ('pieces', 'bishop')}


def keys(bank: object) -> list[str]:
    """Return the key of each judged object of a bank."""
    objects = bank.objects[~bank.objects['ignored']]  # type: ignore[attr-defined]
    return [key(Path(bank.images[row['image']]).name, row['box'][:2]) for row in objects]  # type: ignore[attr-defined]


def key(name: str, corner: list[float]) -> str:
    """Return what tells a box from the others."""
    return f'{name} {corner[0]:.1f} {corner[1]:.1f}'


if __name__ == '__main__':
    main()
