"""The report: everything gathered and put into one HTML page."""

import base64
import hashlib
import itertools
import time
from collections.abc import Iterator, Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

import jinja2
import numpy as np

from mmcsod.records.bank import FeatureBank
from mmcsod.records.coreset import Coreset
from mmcsod.report import charts, facts
from mmcsod.report.counts import distributions
from mmcsod.report.findings import Findings
from mmcsod.report.gallery import Card, make_cards
from mmcsod.report.leak import Leaks
from mmcsod.report.objects import ObjectTable
from mmcsod.report.pool_map import map_pool
from mmcsod.report.selected import Selected, changes, coresets_mark, overlaps
from mmcsod.report.thumbnails import Thumbnails, make_thumbnails
from mmcsod.selection.near_duplicates import MOST_IMAGES, near_duplicates, pool_clusters
from mmcsod.util.files import write_text
from mmcsod.version import __version__

POOL = 'pool'
NUM_CLUSTERS, NUM_MEMBERS = 40, 12
"""How many clusters of near-duplicates the page shows, and how many pictures of each."""

MOST_PIXELS = 100_000
"""A side of an image of unknown size, at most, whatever its boxes say."""


def write_report(
    path: str | Path,
    bank: FeatureBank,
    coresets: Mapping[str, Coreset],
    root: Path | None,
    written: Mapping[str, str] | None = None,
    leaks: Leaks | None = None,
) -> None:
    """Write a report of coresets of one bank; the first is the one that others are compared with.

    Without a ``root``, the folder that images are below, it has no pictures. ``written`` says when the file of each
    coreset was written; ``leaks`` are what validation images share with the first.
    """
    selections = [Selected.find(name, bank, coreset) for name, coreset in coresets.items()]
    table = ObjectTable(bank)
    cards = [make_cards(one, table) for one in selections]
    clusters = pool_clusters(bank, selections[0].coreset)
    parts = {
        **_head(bank, coresets),
        **_summary(bank, selections, written or {}),
        **_pictures(bank, root, cards, clusters, Findings.of(bank, leaks)),
        **_gallery(bank, selections, cards),
        **_near_duplicates(bank, selections, clusters),
    }
    write_text(path, _template().render(bank=bank, selections=selections, ranks_objects=table.by_object, **parts))


def _template() -> jinja2.Template:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader('mmcsod.report'),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    return environment.get_template('report.html')


def _head(bank: FeatureBank, coresets: Mapping[str, Coreset]) -> dict[str, Any]:
    """Return what is about the page itself; a content security policy has it run its own script and no other."""
    script = _asset('script.js')
    return {
        'mark': coresets_mark(coresets),
        'style': _asset('style.css'),
        'colours': _class_colours(len(bank.classes)),
        'script': script,
        'script_hash': 'sha256-' + base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
        'version': __version__,
        'written': time.strftime('%Y-%m-%d %H:%M'),
    }


def _summary(bank: FeatureBank, selections: Sequence[Selected], written: Mapping[str, str]) -> dict[str, Any]:
    masks = {POOL: np.ones(len(bank.images), bool)} | {one.name: one.mask for one in selections}
    return {
        'facts': facts.table(bank, selections, written),
        'features': facts.features(bank),
        'left_out': facts.left_out(bank),
        'charts': [
            *map(charts.draw_distribution, distributions(bank, masks)),
            charts.draw_coverage(selections),
            *filter(None, map(charts.draw_lam, selections)),
        ],
        'class_charts': [
            charts.draw_class_coverage(selections, label, bank.classes[label])
            for label in sorted(selections[0].coverages)
        ],
        'overlaps': overlaps(selections),
        'changes': changes(selections),
    }


def _pictures(
    bank: FeatureBank, root: Path | None, cards: list[list[Card]], clusters: Sequence[np.ndarray], found: Findings
) -> dict[str, Any]:
    thumbnails, pictures = Thumbnails(), {}
    if root is not None:
        picks = list(dict.fromkeys(card.image for own in cards for card in own))
        leaking = [bank.image_index[leak.pool] for leak in found.leaks]
        thumbnails = make_thumbnails(bank, root, picks, [*leaking, *_useful(bank, cards, clusters)])
        pictures = {str(image): uri for image, uri in thumbnails.images.items()} | found.pictures(bank, root)
    canvas = _canvas_sizes(bank, thumbnails, cards)
    return {'root': root, 'found': found, 'thumbnails': thumbnails, 'pictures': pictures, 'canvas': canvas}


def _useful(bank: FeatureBank, cards: Sequence[Sequence[Card]], clusters: Sequence[np.ndarray]) -> Iterator[int]:
    """Yield images, those whose picture helps most first: near-duplicates shown, then nearest pool images."""
    for cluster in clusters[:NUM_CLUSTERS]:
        yield from cluster[:NUM_MEMBERS].tolist()
    lists = [images for own in cards for card in own for _, images, _ in card.nearest[:1]]
    for nth in itertools.zip_longest(*lists):
        yield from (image for image in nth if image is not None)
    yield from range(len(bank.images))


def _gallery(bank: FeatureBank, selections: Sequence[Selected], cards: list[list[Card]]) -> dict[str, Any]:
    """Return the cards and the map, and ``data``, what the page's script reads of them, as JSON values."""
    points, shares = map_pool(bank)
    galleries = list(zip(selections, cards, strict=True))
    return {
        'galleries': galleries,
        'terms': list(dict.fromkeys(name for own in cards for card in own for name in card.terms)),
        'map_shares': shares,
        'data': {
            'names': list(bank.images),
            'classes': list(bank.classes),
            'points': _grid(points),
            'coresets': [{'name': one.name, 'picks': [_pick(card) for card in own]} for one, own in galleries],
        },
    }


def _near_duplicates(bank: FeatureBank, selections: Sequence[Selected], clusters: list[np.ndarray]) -> dict[str, Any]:
    return {
        'num_clusters': len(clusters),
        'is_partial': len(bank.images) > MOST_IMAGES,
        'clusters': [_cluster(cluster, selections) for cluster in clusters[:NUM_CLUSTERS]],
        'num_members': NUM_MEMBERS,
        'near_duplicates': [(one.name, len(near_duplicates(bank, one.coreset))) for one in selections],
    }


def _pick(card: Card) -> dict[str, Any]:
    return {
        'image': card.image,
        'turn': card.turn,
        'terms': card.terms,
        'nearest': card.nearest,
        'number': card.num_nearest,
        'objects': [[entry.label, None if entry.rank is None else round(100 * entry.rank)] for entry in card.objects],
    }


def _grid(points: np.ndarray) -> list[int | None]:
    """Return points as x, y, x, y, ... in thousandths of the larger of the two ranges; None without a point."""
    known = np.isfinite(points[:, 0])
    if not known.any():
        return [None] * points.size
    low = points[known].min(axis=0)
    extent = max(float(np.ptp(points[known], axis=0).max()), 1e-12)
    return [None if np.isnan(value) else round(value) for value in (1000 * (points - low) / extent).ravel().tolist()]


def _cluster(cluster: np.ndarray, selections: Sequence[Selected]) -> dict[str, Any]:
    """Return a cluster of near-duplicates: its images, the selected first, and how many each coreset has."""
    picked = np.any([one.mask[cluster] for one in selections], axis=0)
    return {
        'size': len(cluster),
        'images': cluster[np.argsort(~picked, kind='stable')].tolist(),
        'picked': set(cluster[picked].tolist()),
        'selected': [(one.name, int(one.mask[cluster].sum())) for one in selections],
    }


def _canvas_sizes(bank: FeatureBank, thumbnails: Thumbnails, cards: list[list[Card]]) -> dict[int, tuple[int, int]]:
    """Return width and height of each selected image; where nobody read it, as far as its boxes reach."""
    found: dict[int, tuple[int, int]] = {}
    for card in itertools.chain.from_iterable(cards):
        width, height = (0, 0) if bank.sizes is None else bank.sizes[card.image].tolist()
        found[card.image] = (width, height) if width else thumbnails.sizes.get(card.image, _reach(card))
    return found


def _reach(card: Card) -> tuple[int, int]:
    boxes = np.array([entry.box for entry in card.objects if entry.box is not None]).reshape(-1, 4)
    right, bottom = boxes[:, 2:].max(axis=0, initial=1).clip(1, MOST_PIXELS).tolist()
    return round(right), round(bottom)


def _class_colours(number: int) -> list[str]:
    """Return a colour for each class: hues a golden angle apart, in two lightnesses."""
    return [f'oklch({84 if label % 2 else 72}% 0.17 {(25 + 137.508 * label) % 360:.0f})' for label in range(number)]


def _asset(name: str) -> str:
    return (files('mmcsod.report') / 'templates' / name).read_text(encoding='utf-8')
