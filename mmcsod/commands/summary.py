"""What a user reads after a selection."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from tabulate import tabulate

from mmcsod.records.bank import FeatureBank
from mmcsod.records.coreset import Coreset
from mmcsod.report.counts import class_counts
from mmcsod.selection.recordings import count_recordings, find_recordings, propose_group


def describe(bank: FeatureBank, coresets: Sequence[Coreset]) -> str:
    """Return, for each budget, the images and objects of each class beside those there are, and what lam was."""
    masks = {str(len(coreset)): bank.mask(coreset.image_ids) for coreset in coresets}
    masks['all'] = np.isin(np.arange(len(bank.images)), bank.rows['image'])
    counted = _counted(bank, coresets[-1])
    headers = ['class', *(header for name in masks for header in (f'{name}: images', counted))]
    columns = [_column(bank, mask) for mask in masks.values()]
    table = [
        [name, *(number for column in columns for number in column[row])]
        for row, name in enumerate((*bank.classes, 'all classes'))
    ]
    return '\n'.join([tabulate(table, headers), _describe_parameters(coresets[-1]), *_notes(bank, coresets)])


def _counted(bank: FeatureBank, coreset: Coreset) -> str:
    """Return what the objects are; those of images that were included, labelled as they are, are ground truth."""
    if not bank.provenance.get('predictions'):
        return 'objects'
    return 'labels or predictions' if 'num_included' in coreset.parameters else 'predictions'


def _column(bank: FeatureBank, chosen: np.ndarray) -> list[tuple[int, int]]:
    """Return images and objects of each class, then of all, in some images."""
    pairs = np.unique(bank.rows[chosen[bank.rows['image']]][['image', 'label']])
    images, objects = np.bincount(pairs['label'], minlength=len(bank.classes)), class_counts(bank, chosen)
    return [*zip(images, objects, strict=True), (chosen.sum(), objects.sum())]


def _notes(bank: FeatureBank, coresets: Sequence[Coreset]) -> Iterator[str]:
    parameters = coresets[-1].parameters
    yield from _recordings(bank, coresets[-1])
    if 'num_included' in parameters:
        number = parameters['num_included']
        new = len(coresets[-1]) - number
        yield (
            f'{number} images were included from the start and count; the {new} new ones are listed beside the coreset '
            'as .new.txt'
        )
    if parameters.get('lam_rule') == 'coverage':
        yield _why_lam(parameters)
    if len(coresets) > 1 and coresets[-1].nested and parameters.get('lam_rule') in ('2*N/D', 'coverage'):
        small, large = len(coresets[0]), len(coresets[-1])
        yield (
            f'lam follows the largest budget: the first {small} of {large} images are not what --num-images {small} '
            'alone gives, unless --lam is given'
        )


def _describe_parameters(coreset: Coreset) -> str:
    words, parameters = [f'method {coreset.method}'], coreset.parameters
    if 'lam' in parameters:
        words.append(f'lam {parameters["lam"]:.6g} ({_lam_rule(coreset)})')
    others = {'turns': 'turns', 'uncertain': 'the least certain images by', 'seed': 'seed'}
    return ', '.join([*words, *(f'{text} {parameters[name]}' for name, text in others.items() if name in parameters)])


def _lam_rule(coreset: Coreset) -> str:
    parameters = coreset.parameters
    number = 'N estimated' if 'num_objects' in parameters else f'N = {len(coreset)}'
    sizes = f'{number}, D = {parameters["num_pool"]}'
    if parameters['lam_rule'] == 'coverage':
        return f'auto: {parameters["lam"] / parameters["lam_unit"]:.3g} N / D, {sizes}'
    return f'2 N / D, {sizes}' if parameters['lam_rule'] == '2*N/D' else 'as given'


def _why_lam(parameters: Mapping[str, Any]) -> str:
    lams, coverages, unit = parameters['lams'], parameters['coverages'], parameters['lam_unit']
    return (
        f'this lam, of {len(lams)} from {lams[0] / unit:.3g} to {lams[-1] / unit:.3g} N / D, covers the pool best: '
        f'mean cosine to the nearest selected image {max(coverages):.4f}, with the others {min(coverages):.4f} or more'
    )


def _recordings(bank: FeatureBank, coreset: Coreset) -> Iterator[str]:
    """Yield how many recordings pool and coreset have, or the pattern to ask for where names look like frames."""
    found = find_recordings(bank, coreset.parameters.get('group'))
    if found is not None:
        pool = np.unique(bank.rows['image']).tolist()
        chosen = [bank.image_index[image] for image in coreset.image_ids]
        limit = coreset.parameters.get('per_group')
        most = '' if limit is None else f', at most {limit} images of one'
        yield f'recordings: {count_recordings(found, chosen)} of {count_recordings(found, pool)}{most}'
    elif pattern := propose_group(bank.images):
        yield (
            f"file names look like frames of recordings: --group '{pattern}' counts these, and --per-group K selects "
            'at most K images of one'
        )
