"""Coresets of one bank side by side: every table that there is, and the figures."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from mmcsod.records.bank import FeatureBank
from mmcsod.records.coreset import Coreset
from mmcsod.report import tables
from mmcsod.report.selected import Selected, load_coresets
from mmcsod.util.files import file_name

NO_OBJECTS = 'The bank has no table of objects (it was made of vectors alone), so that sizes are not compared.'


def analyze(
    bank: FeatureBank | str | Path,
    coresets: Mapping[str, Coreset] | Sequence[str | Path],
    class_name: str | None = None,
    out: str | Path | None = None,
    images: str | Path | None = None,
) -> str:
    """Compare coresets without training.

    Args:
        bank: The bank that they were selected from, or its folder.
        coresets: Coreset files, or coresets by name; list changes are counted from the first.
        class_name: Compare the objects of this class too (Table 4, Figure 7), in a bank that has their vectors.
        out: Folder for figures, if any are wanted.
        images: Folder below which the images lie, for Figure 7's.

    Returns:
        The tables in Markdown: object sizes, coverage and redundancy, list changes, prototypes, object ranks.
    """
    bank = bank if isinstance(bank, FeatureBank) else FeatureBank.load(bank)
    named = coresets if isinstance(coresets, Mapping) else load_coresets(coresets)
    selections = [Selected.find(name, bank, coreset) for name, coreset in named.items()]
    masks = {one.name: one.mask for one in selections}
    sizes = NO_OBJECTS if bank.objects is None else tables.size_table(bank, masks)
    parts = [sizes, tables.similarity_table(selections), tables.coverage_table(selections)]
    if len(selections) > 1:
        parts.append(tables.changes_table(selections))
    if class_name is not None:
        parts += [tables.prototype_table(bank, class_name), tables.rank_table(bank, named, class_name)]
    if out is not None:
        _draw_all(bank, selections, Path(out))
        if class_name is not None and images is not None:
            _draw_class(bank, named, class_name, Path(out), images)
    return '\n\n'.join(parts)


def _draw_all(bank: FeatureBank, selections: Sequence[Selected], out: Path) -> None:
    from mmcsod.report.figures import draw_similarity, draw_sizes

    if bank.objects is not None:
        draw_sizes(bank, {one.name: one.mask for one in selections}, out / 'sizes.png')
    draw_similarity(selections, out / 'similarity.png')


def _draw_class(bank: FeatureBank, coresets: Mapping[str, Coreset], name: str, out: Path, images: str | Path) -> None:
    from mmcsod.report.figures import draw_ranks
    from mmcsod.report.objects import rank_objects

    label = tables.label_of(bank, name)
    ranked = {title: rank_objects(bank, coreset, label, 5) for title, coreset in coresets.items()}
    draw_ranks(ranked, images, out / f'ranks_{file_name(name)}.png')
