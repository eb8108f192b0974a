"""Rows at unit length: a few at once, or a class of a bank without ever holding a float64 copy of it."""

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from mmcsod.records.arrays import block_rows, rows_checksum
from mmcsod.selection.shards import OrderedSum
from mmcsod.util.distributed import ALONE, World
from mmcsod.util.errors import UserError

LARGEST = np.float64(1e100)
"""What no value of a vector may reach, so that its square does not overflow."""


def unit_rows(vectors: np.ndarray) -> np.ndarray:
    """Return (n, d) rows at length 1, all at once; zero rows stay zero, so that they have cosine 0 with everything.

    They are float64 where the vectors are, else float32; norms are taken in float64.
    """
    norms = np.linalg.norm(vectors.astype(np.float64, copy=False), axis=1, keepdims=True)
    units = np.zeros(vectors.shape, np.promote_types(vectors.dtype, np.float32))
    return np.divide(vectors, norms, out=units, where=norms > 0, casting='same_kind')


def parts(number: int, step: int) -> Iterator[slice]:
    """Yield slices of so many things, ``step`` or at least one at a time."""
    for begin in range(0, number, max(1, step)):
        yield slice(begin, min(begin + max(1, step), number))


class UnitRows:
    """Vectors of a class, and what it takes to read them at unit length.

    A zero vector stays zero: its cosine with everything is 0. Where several processes share a class, these are the rows
    of this one, and the sums are of everyone's: all processes must then ask for them in the same order.

    Attributes:
        vectors: (n, d) float32 or float16, as given, memory-mapped or not.
        inverse_norms: (n,) float64, 0 for zero vectors and for rows left out.
        held: Which rows of the class these are.
        world: The processes that share the class.
    """

    def __init__(
        self,
        vectors: np.ndarray,
        eligible: np.ndarray,
        name_row: Callable[[int], str] = str,
        world: World = ALONE,
        checksums: Sequence[str] = (),
        first: int = 0,
    ) -> None:
        """Read the vectors once for norms and sum.

        Args:
            vectors: (n, d) float32 or float16.
            eligible: (n,) bool, False for rows to leave out.
            name_row: What to call a row in an error message.
            world: The processes that share the class.
            checksums: What the SHA-256 of the bytes of each block of the vectors must be, where it is known.
            first: Number, within the class, of the first of these rows.

        Raises:
            UserError: If an eligible row holds NaN or infinity; names the first. If a checksum is another.
        """
        self.vectors = vectors
        self.inverse_norms = np.zeros(len(vectors))
        self.world = world
        self.held = slice(first, first + len(vectors))
        self._total = OrderedSum(vectors.shape[1], world)
        for number, (rows, block) in enumerate(self._blocks()):
            if checksums and rows_checksum(vectors[rows]) != checksums[number]:
                raise UserError(
                    f'The vectors of {name_row(rows.start)} and those that follow it are damaged: their checksum is '
                    "not the one that was written down with them; 'mmcsod verify BANK' names the file."
                )
            squares = np.where(eligible[rows], _squared_lengths(block), 0)
            if not np.isfinite(squares).all():
                first = rows.start + int(np.argmin(np.isfinite(squares)))
                raise UserError(
                    f'The vector of {name_row(first)} holds NaN or infinity; '
                    'extract the features again with --overwrite, or exclude the image.'
                )
            inverse = np.divide(1, np.sqrt(squares), out=np.zeros(len(block)), where=squares > 0)
            self.inverse_norms[rows] = inverse
            self._total.add(_weighted_sum(inverse, block))

    @property
    def total(self) -> np.ndarray:
        """(d,) float64, the sum of the unit rows, everyone's."""
        return self._total.result()

    def sum(self, chosen: np.ndarray) -> np.ndarray:
        """Return the (d,) float64 sum of the unit rows where ``chosen``, (n,) bool, is True."""
        total = OrderedSum(self.vectors.shape[1], self.world)
        weights = np.where(chosen, self.inverse_norms, 0)
        for rows, block in self._blocks():
            total.add(_weighted_sum(weights[rows], block))
        return total.result()

    def read(self, rows: np.ndarray) -> Iterator[tuple[slice, np.ndarray]]:
        """Yield parts of ``rows`` and their unit vectors, (k, d) float64, a block at a time."""
        for part in parts(len(rows), block_rows(self.vectors.shape[1])):
            yield part, self.all(rows[part])

    def all(self, rows: np.ndarray) -> np.ndarray:
        """Return the unit vectors of some rows, (m, d) float64."""
        return self.vectors[rows].astype(np.float64) * self.inverse_norms[rows, None]

    def holds(self, row: int) -> bool:
        """Return whether a row, by its number within the class, is one of these."""
        return self.held.start <= row < self.held.stop

    def unit(self, row: int) -> np.ndarray:
        """Return a unit vector, (d,) float64, by its number within the class; zeros where another process holds it."""
        return self.row(row - self.held.start) if self.holds(row) else np.zeros(self.vectors.shape[1])

    def row(self, row: int) -> np.ndarray:
        """Return one of these unit vectors, (d,) float64."""
        return self.vectors[row].astype(np.float64) * self.inverse_norms[row]

    def _blocks(self) -> Iterator[tuple[slice, np.ndarray]]:
        """Yield consecutive rows in float64; the array is overwritten by the next."""
        step = block_rows(self.vectors.shape[1])
        buffer = np.empty((min(step, len(self.vectors)), self.vectors.shape[1]))
        for rows in parts(len(self.vectors), step):
            block = buffer[: rows.stop - rows.start]
            with np.errstate(invalid='ignore'):  # a signalling NaN, which is refused where the norms are made
                np.copyto(block, self.vectors[rows])
            yield rows, block


def _squared_lengths(block: np.ndarray) -> np.ndarray:
    if hasattr(np, 'vecdot'):  # numpy 2: twice as fast
        return np.vecdot(block, block)
    return np.einsum('ij,ij->i', block, block)


def _weighted_sum(weights: np.ndarray, block: np.ndarray) -> np.ndarray:
    # A weight of 0 must also silence a row of infinities or NaN, which are excluded rows. And einsum, not BLAS:
    # classes are summed in threads, and BLAS's own would be in their way.
    with np.errstate(invalid='ignore'):
        total = np.einsum('i,ij->j', weights, block)
    if np.isfinite(total).all():
        return total
    return np.einsum('i,ij->j', weights[weights > 0], block[weights > 0])
