"""What a report says in words: how pool and coresets were made, and what was left out."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from mmcsod.records.bank import FeatureBank
from mmcsod.report.counts import class_counts
from mmcsod.report.selected import Selected
from mmcsod.selection.recordings import count_recordings, find_recordings
from mmcsod.util.errors import UserError
from mmcsod.util.provenance import weights_digest
from mmcsod.util.text import first_few

Facts = list[tuple[str, str]]


def table(bank: FeatureBank, selections: Sequence[Selected], written: Mapping[str, str]) -> list[list[str]]:
    """Return pool and coresets side by side: lines of a name and a value a column, the pool's first.

    ``written`` says when the file of each coreset was written, by name, and under '' when the bank was.
    """
    masks = [np.ones(len(bank.images), bool), *(one.mask for one in selections)]
    objects = [class_counts(bank, mask) for mask in masks]
    lines = [
        ['Images', *(f'{mask.sum():,}' for mask in masks)],
        ['Objects', *(f'{found.sum():,}' for found in objects)],
        ['Classes', *(f'{np.count_nonzero(found)}' for found in objects)],
        *_recordings(bank, selections),
    ]
    made = [
        dict(selection(one)) | ({'Written': written[one.name]} if one.name in written else {}) for one in selections
    ]
    keys = dict.fromkeys(key for one in made for key in one)
    pool = {'Written': written.get('', '')}
    return lines + [[key, pool.get(key, ''), *(one.get(key, '') for one in made)] for key in keys]


def _recordings(bank: FeatureBank, selections: Sequence[Selected]) -> list[list[str]]:
    """Return a line of how many recordings pool and coresets have, the pool's told as the first coreset's; or none."""
    named = [_names(bank, one.coreset.parameters.get('group')) for one in selections]
    if named[0] is None:
        return []
    numbers = [
        '' if names is None else f'{count_recordings(names, one.images.tolist()):,}'
        for names, one in zip(named, selections, strict=True)
    ]
    return [['Recordings', f'{count_recordings(named[0], np.unique(bank.rows["image"]).tolist()):,}', *numbers]]


def _names(bank: FeatureBank, group: str | None) -> tuple[str, ...] | None:
    try:
        return find_recordings(bank, group)
    except UserError:  # the bank was extracted anew without them
        return None


def features(bank: FeatureBank) -> Facts:
    """Return how the vectors were made, as far as the bank knows."""
    provenance, identity = bank.provenance, bank.provenance.get('identity') or {}
    versions, weights = provenance.get('versions') or {}, weights_digest(identity)
    facts = {
        'Vectors': f'{len(bank):,} of {bank.vectors.shape[1]} dimensions, {bank.vectors.dtype}',
        'Detector config': provenance.get('config'),
        'Checkpoint': f'SHA-256 of the weights {weights[:16]}…' if weights else None,
        'Tap': identity.get('tap'),
        'Images below': provenance.get('data_root'),
        'Versions': ', '.join(f'{name} {version}' for name, version in versions.items()),
    }
    return [(name, str(value)) for name, value in facts.items() if value]


NAMES = {
    'num_images': 'Images asked for',
    'ratio': 'Share asked for',
    'num_objects': 'Objects asked for',
    'num_pool': 'Images to choose from',
    'method_options': 'Method options',
    'turns': 'Class round-robin',
    'seed': 'Seed',
    'classes': 'Only the classes',
    'group': 'Recordings by',
    'per_group': 'Images of one recording',
    'uncertain': 'Least certain by',
    'num_included': 'Included from the start',
}
"""What the report calls the parameters of a coreset."""

HIDDEN = ('lam', 'lam_rule', 'lam_unit', 'lams', 'coverages')


def selection(one: Selected) -> Facts:
    """Return how a coreset was selected."""
    parameters = dict(one.coreset.parameters)
    facts = [('Method', one.coreset.method)]
    if 'lam' in parameters:
        facts.append(('lam', f'{parameters["lam"]:.6g} ({_lam_rule(parameters)})'))
    return facts + [
        (NAMES.get(key, key), _words(value))
        for key, value in parameters.items()
        if value is not None and key not in HIDDEN
    ]


def _lam_rule(parameters: Mapping[str, Any]) -> str:
    rule = parameters.get('lam_rule')
    if rule == 'coverage':
        times = parameters['lam'] / parameters['lam_unit']
        return f'auto: highest coverage of {len(parameters["lams"])} values, {times:.3g} N / D'
    return '2 N / D' if rule == '2*N/D' else 'given'


def left_out(bank: FeatureBank) -> list[str]:
    """Return a sentence for each kind of thing that the features do not cover."""
    provenance = bank.provenance
    sentences = [
        f'{count:,} {noun} left out: {reason}.'
        for key, noun in (('images_left_out', 'images'), ('objects_left_out', 'objects'))
        for reason, count in dict(provenance.get(key) or {}).items()
    ]
    unreadable = provenance.get('unreadable_images') or []
    if unreadable:
        sentences.append(f'{len(unreadable):,} images could not be read: {first_few(unreadable)}.')
    without = len(bank.images) - len(np.unique(bank.rows['image'])) - len(unreadable)
    if without > 0:
        sentences.append(f'{without:,} images have no object to extract features from, so they cannot be selected.')
    return sentences


def _words(value: Any) -> str:
    if isinstance(value, Mapping):
        return ', '.join(f'{name} {_words(part)}' for name, part in value.items())
    if isinstance(value, list | tuple):
        return ', '.join(map(str, value))
    if isinstance(value, float):
        return f'{value:g}'
    return f'{value:,}' if isinstance(value, int) else str(value)
