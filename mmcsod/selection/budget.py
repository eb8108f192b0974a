"""How much to select: images, a share of the pool, or annotated objects."""

from dataclasses import dataclass
from numbers import Integral, Real
from typing import Any

from mmcsod.selection.pool import Pool
from mmcsod.util.errors import UserError

MOST = 10**15


@dataclass(frozen=True)
class Budget:
    """One of the three ways to say how much to select.

    Attributes:
        num_images: N of Algorithm 1.
        ratio: N as a share of the D images that may be selected, above 0 and at most 1.
        num_objects: Selection stops before the selected images hold more objects than this.

    Raises:
        UserError: If not exactly one is given, or it is out of range.
    """

    num_images: int | None = None
    ratio: float | None = None
    num_objects: int | None = None

    def __post_init__(self) -> None:
        given = [value for value in (self.num_images, self.ratio, self.num_objects) if value is not None]
        if len(given) != 1:
            raise UserError(f'{len(given)} budgets were given; give one of num_images, ratio and num_objects.')
        for name, value in (('num_images', self.num_images), ('num_objects', self.num_objects)):
            if value is not None and not (isinstance(value, Integral) and value >= 1):
                raise UserError(f'{name} is {_shown(value)}; ask for 1 or more, a whole number.')
            if value is not None and value > MOST:
                raise UserError(f'{name} is {_shown(value)}, more than any dataset has; ask for fewer.')
        if self.ratio is not None and not (isinstance(self.ratio, Real) and 0 < self.ratio <= 1):
            raise UserError(f'ratio is {_shown(self.ratio)}; give a share above 0 and at most 1, a number.')

    @property
    def parameters(self) -> dict[str, Any]:
        """The one that was given, by name, as a plain number."""
        numbers = {'num_images': self.num_images, 'num_objects': self.num_objects}
        given: dict[str, Any] = {name: int(value) for name, value in numbers.items() if value is not None}
        return given if self.ratio is None else {'ratio': float(self.ratio)}

    def target(self, pool: Pool) -> int:
        """Return N, estimated from the pool's mean objects an image where the budget is one of objects."""
        if self.num_images is not None:
            return self.num_images
        if self.ratio is not None:
            return max(1, round(self.ratio * len(pool.images)))
        assert self.num_objects is not None
        objects = pool.object_counts[pool.images]
        return max(1, round(self.num_objects / objects.mean())) if len(objects) else 1


def _shown(value: object) -> str:
    return f"the text '{value}'" if isinstance(value, str) else str(value)
