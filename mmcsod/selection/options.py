"""The options of a selection, checked once; the command, the hook and Python all fill this."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field
from functools import cached_property
from numbers import Integral
from typing import Any

from mmcsod.records.recordings import check_group
from mmcsod.selection.allowance import parse_size
from mmcsod.selection.budget import Budget
from mmcsod.selection.image_ids import ImageIds, read_image_ids
from mmcsod.selection.kernels import check_kernel
from mmcsod.selection.registry import Method, get_method
from mmcsod.selection.turns import Turns, parse_turns
from mmcsod.selection.uncertain import check_measure
from mmcsod.util.errors import UserError

DEFAULT_METHOD = 'classwise-facility-location'


@dataclass(frozen=True)
class SelectionOptions:
    """How to select. Exactly one of ``num_images``, ``ratio`` and ``num_objects`` says how much.

    Lists of images are read when this is made, so that one that cannot be read is refused before anything long begins.

    Attributes:
        num_images: How many images to select, included ones counted in (N of Algorithm 1); more than there are takes
            all, with a warning.
        ratio: Share of the images to select, above 0 and at most 1.
        num_objects: Stop before the images hold more than so many objects.
        method: Name of a registered method, see :func:`mmcsod.selection.method_names`; by default
            ``DEFAULT_METHOD``, and csod if lam is given.
        method_options: Settings of the method by name, such as weight=2 for csod-logdet.
        turns: How many turns each class gets: equal, in proportion to its images (proportional) or to their square
            root (sqrt), or to weights by class, such as A=3,B=1; a class that is not named has weight 1. By default
            proportional for classwise-facility-location, equal for the others.
        lam: Balance of Eq. 4, at least 0: a higher one selects what is more representative, a lower one what is more
            diverse. 2N/D takes N of D images; auto takes the one of nine values whose selection covers the pool best.
        kernel: Search for the highest scores: auto, pruned, numpy, torch or faiss; the selected images are the same
            with each.
        memory: How much memory similarities of vectors may be kept in, such as 4GB, for classwise-facility-location;
            by default half of what is available. The selected images are the same with any.
        seed: Seed of the methods that draw.
        include: Images that are in from the start: ids, a coreset, or a file of either, one id a line.
        exclude: Images that must stay out, likewise; their vectors take no part.
        classes: Names of the classes that take turns and whose vectors take part; by default all.
        group: The recording that an image is of: a field of the image entries of COCO labels, such as clip, or a
            pattern on image ids with the recording in brackets, such as (.*)_[0-9]+; by default what the bank knows.
        per_group: Select at most so many images of one recording, while there are others.
        uncertain: With predictions, select among the images that the detector is least certain of, four for each image
            to select, by entropy or margin of its scores.

    Raises:
        UserError: If an option is unfit whatever the bank holds, in one sentence.
    """

    num_images: int | None = None
    _: KW_ONLY
    ratio: float | None = None
    num_objects: int | None = None
    method: str | None = None
    method_options: Mapping[str, Any] = field(default_factory=dict)
    turns: Turns | None = None
    lam: float | str = 'auto'
    kernel: str = 'auto'
    memory: int | str | None = None
    seed: int = 0
    include: ImageIds | str = ()
    exclude: ImageIds | str = ()
    classes: Sequence[str] | None = None
    group: str | None = None
    per_group: int | None = None
    uncertain: str | None = None

    def __post_init__(self) -> None:
        budget, method = self.budget, self.entry
        if budget.num_objects is not None and not method.nested:
            raise UserError(
                f"The method '{method.name}' draws a given number of images, so it cannot stop at a number "
                "of objects; give num_images or ratio, or use the method 'uniform'."
            )
        check_kernel(self.kernel)
        _ = self.given_lam, self.given_memory, self.weights
        if not (isinstance(self.seed, Integral) and self.seed >= 0):
            raise UserError(f'seed is {self.seed}; give a whole number, 0 or more.')
        if isinstance(self.classes, str):
            raise UserError(f"classes is the text '{self.classes}'; give a list of names.")
        check_group(self.group)
        if self.per_group is not None and not (isinstance(self.per_group, Integral) and self.per_group >= 1):
            raise UserError(f'per_group is {self.per_group}; give a whole number, 1 or more.')
        check_measure(self.uncertain)
        for name in ('include', 'exclude'):
            object.__setattr__(self, name, tuple(read_image_ids(getattr(self, name))))

    @cached_property
    def budget(self) -> Budget:
        """How much to select."""
        return Budget(self.num_images, self.ratio, self.num_objects)

    @cached_property
    def entry(self) -> Method:
        """The method with its settings."""
        return get_method(self.method or (DEFAULT_METHOD if self.lam == 'auto' else 'csod'), self.method_options)

    @cached_property
    def given_memory(self) -> int | None:
        """Bytes that similarities may be kept in, or None for the default."""
        return None if self.memory is None else parse_size(self.memory)

    @cached_property
    def weights(self) -> str | dict[str, float]:
        """The turns of the classes: the name of a rule, or weights by class name."""
        return parse_turns(self.turns or self.entry.turns)

    def extraction(self, predictions: str | None) -> dict[str, Any]:
        """Return the options that an extraction for this selection must have, by name, given its ``predictions``.

        Raises:
            UserError: If the selection is by scores of predictions, and there are none.
        """
        if self.uncertain is not None and predictions is None:
            raise UserError('uncertain is about the scores of predictions; name their file as predictions.')
        needed: dict[str, Any] = {'keep_objects': True} if self.entry.needs_object_vectors else {}
        return needed | ({'labelled': self.include} if predictions and self.include else {})

    @property
    def lam_rule(self) -> str:
        """How lam is chosen, as a coreset file says: 'coverage', '2*N/D' or 'given'."""
        if self.lam == 'auto' and 'lam' in self.entry.uses:
            return 'coverage'
        return '2*N/D' if self.given_lam is None else 'given'

    @cached_property
    def given_lam(self) -> float | None:
        """The balance of Eq. 4 as a number, or None if it depends on the pool."""
        if self.lam in ('auto', '2N/D'):
            return None
        try:
            value = float(self.lam)
        except (TypeError, ValueError):
            value = math.nan
        if not (value == 0 or 1e-100 <= value <= 1e100):
            raise UserError(f"lam is {self.lam}; give 0, a number between 1e-100 and 1e100, 'auto', or '2N/D'.")
        return value
