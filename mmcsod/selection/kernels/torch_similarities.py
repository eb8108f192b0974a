"""The similarities of a class on a device of PyTorch's: a GPU, or the CPU in tests."""

import contextlib
from collections.abc import Iterator
from functools import partial

import numpy as np

from mmcsod.selection.kernels.gpu import find_device, has_gpu, torch
from mmcsod.selection.kernels.similarities import Near, SimilaritiesFactory, gain_errors, in_range, similarity_error
from mmcsod.selection.kernels.torch_kernel import to_device
from mmcsod.selection.unit_rows import parts

__all__ = ['TorchSimilarities', 'has_gpu', 'kernel_factory']

BLOCK_ELEMENTS = 1 << 24
"""Similarities in the works at a time: 64 MiB, and some three times that beside them."""


def kernel_factory(device: str | None = None) -> SimilaritiesFactory:
    """Return what makes similarities on a device; by default a GPU if there is one, else the CPU."""
    return partial(TorchSimilarities, device=find_device(device))


class TorchSimilarities:
    """See :class:`mmcsod.selection.kernels.similarities.Similarities`; the vectors are copied to a GPU as they are."""

    def __init__(
        self,
        vectors: np.ndarray,
        inverse_norms: np.ndarray,
        others: np.ndarray | None = None,
        *,
        device: torch.device,
    ) -> None:
        vectors, scales = in_range(vectors, inverse_norms)
        self.error = similarity_error(vectors.shape[1])
        self.is_fast = device.type != 'cpu'
        self._device = device
        self._vectors = to_device(vectors, device)
        self._scales = torch.from_numpy(scales).to(device)
        self._others = torch.from_numpy(np.arange(0) if others is None else others).to(device)

    def gains(self, candidates: np.ndarray, covered: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """See :class:`mmcsod.selection.kernels.similarities.Similarities`."""
        gains, counts = np.empty(len(candidates)), np.empty(len(candidates))
        floor = torch.from_numpy(covered).to(self._device).float()
        for part in self._parts(len(candidates)):
            excess = self._lines(candidates[part]) - floor
            counts[part] = torch.count_nonzero(excess > -self.error, dim=1).cpu().numpy()
            gains[part] = excess.clamp_(min=0).sum(dim=1).cpu().numpy()
        return gains, gain_errors(gains, counts, self.error)

    def near(self, candidates: np.ndarray, covered: np.ndarray) -> list[Near]:
        """See :class:`mmcsod.selection.kernels.similarities.Similarities`."""
        found: list[Near] = []
        floor = torch.from_numpy(covered - self.error).to(self._device).float()
        for part in self._parts(len(candidates)):
            lines = self._lines(candidates[part])
            above = lines > floor
            ends = torch.count_nonzero(above, dim=1).cumsum(0).cpu().numpy()[:-1]
            places, values = above.nonzero()[:, 1].int().cpu().numpy(), lines[above].cpu().numpy()
            near = zip(np.split(places, ends), np.split(values, ends), strict=True)
            found += [(one.copy(), other.copy()) for one, other in near]  # else one kept holds the memory of all
        return found

    def products(self, rows: np.ndarray, directions: np.ndarray) -> np.ndarray:
        """See :class:`mmcsod.selection.kernels.similarities.Similarities`."""
        products = np.empty((len(rows), len(directions)))
        queries = torch.from_numpy(directions.astype(np.float32)).to(self._device).T
        for part in parts(len(rows), BLOCK_ELEMENTS // max(1, *directions.shape)):
            some = torch.from_numpy(rows[part]).to(self._device)
            with full_float32():
                found = self._vectors[some].float() @ queries
            products[part] = (found * self._scales[some, None]).cpu().numpy()
        return products

    def _parts(self, number: int) -> Iterator[slice]:
        return parts(number, BLOCK_ELEMENTS // max(1, len(self._others)))

    def _lines(self, candidates: np.ndarray) -> torch.Tensor:
        """Return the similarities of candidates with the others, (m, n) float32."""
        rows = torch.from_numpy(candidates).to(self._device)
        units = self._vectors[rows].float() * self._scales[rows, None]
        blocks = self._others.split(max(1, BLOCK_ELEMENTS // max(1, units.shape[1])))
        with full_float32():
            products = [units @ self._vectors[block].float().T for block in blocks]
        return torch.cat(products, dim=1).mul_(self._scales[self._others])


def multiply(one: np.ndarray, other: np.ndarray, device: str | None = None) -> np.ndarray:
    """Return the product of two float64 matrices, computed on a device; by default a GPU if there is one."""
    place = find_device(device)
    return (torch.from_numpy(one).to(place) @ torch.from_numpy(other).to(place)).cpu().numpy()


@contextlib.contextmanager
def full_float32() -> Iterator[None]:
    """Multiply in float32 proper, whatever precision the process allows: TF32 would widen the bound on the error."""
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision('highest')
    try:
        yield
    finally:
        torch.set_float32_matmul_precision(before)
