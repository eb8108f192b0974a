"""Lists of image ids: given, read from a text file, or taken from an earlier coreset."""

from collections.abc import Iterable
from pathlib import Path

from mmcsod.records.bank import FeatureBank
from mmcsod.records.coreset import Coreset
from mmcsod.util.errors import UserError

ImageIds = Iterable[str] | Coreset | Path


def read_image_ids(source: ImageIds | str) -> list[str]:
    """Return the ids of ``source``, each once.

    Args:
        source: Ids; a coreset; or the path of a coreset file or of a text file with one id a line (empty lines are
            skipped). A lone string is a path.
    """
    if isinstance(source, (str, Path)):
        source = _read_file(Path(source))
    elif isinstance(source, Coreset):
        source = source.image_ids
    return list(dict.fromkeys(map(str, source)))


def _read_file(path: Path) -> list[str]:
    try:
        text = path.read_text(encoding='utf-8-sig')
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else 'it is not UTF-8 text'
        raise UserError(f'The list of images {path} cannot be read: {reason}.') from error
    if path.suffix == '.json' or text.lstrip().startswith('{'):  # an empty .json is damaged, not a list of none
        return Coreset.load(path).image_ids
    return [line for line in map(str.strip, text.split('\n')) if line]


def find_images(
    bank: FeatureBank, include: ImageIds | str, exclude: ImageIds | str
) -> tuple[tuple[int, ...], frozenset[int]]:
    """Return the indices of the images to include, in the order given, and of those to exclude."""
    include, exclude = read_image_ids(include), read_image_ids(exclude)
    included = _look_up(bank, include, 'include')
    excluded = frozenset(_look_up(bank, exclude, 'exclude'))
    both = [image for image in included if image in excluded]
    if both:
        raise UserError(
            f"The image '{bank.images[both[0]]}' is both to be included and excluded; take it off one list."
        )
    return tuple(included), excluded


def _look_up(bank: FeatureBank, ids: list[str], verb: str) -> list[int]:
    if not ids:  # the index of a large bank takes its time
        return []
    unknown = [image for image in ids if image not in bank.image_index]
    if unknown:
        example = next(iter(bank.images), None)
        raise UserError(
            f"{len(unknown)} of the {len(ids)} images to {verb} are not in the bank, first '{unknown[0]}'; "
            f"give ids as the bank has them, like '{example}'.{_images_without_objects(bank)}"
        )
    return [bank.image_index[image] for image in ids]


def _images_without_objects(bank: FeatureBank) -> str:
    """Return a sentence on the images that filters left out of a bank for want of objects, '' if there are none."""
    count = dict(bank.provenance.get('images_left_out') or {}).get('without objects')
    return f' It lacks {count} images without objects, which cannot be selected (filter_empty_gt).' if count else ''
