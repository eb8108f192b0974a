"""Reading checkpoints without running anything that they hold.

PyTorch's ``weights_only`` calls nothing that is not on a list. MMEngine's own checkpoints need some of NumPy on that
list, for its history of losses; but NumPy's constructors take addresses of memory and crash the process when a file
says so. What stands in for them here makes plain arrays of numbers, and nothing else.
"""

import contextlib
import pickle
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
import torch
from mmengine.logging import HistoryBuffer

from mmcsod.util.errors import UserError

_NUMBERS = frozenset(
    f'{kind}{size}' for kind, sizes in (('f', '248'), ('i', '1248'), ('u', '1248'), ('b', '1')) for size in sizes
)


class _Dtype:
    """Stands in for ``numpy.dtype``: numbers only."""

    def __init__(self, code: Any, *_: Any) -> None:
        self.dtype = np.dtype(_known(code, _NUMBERS))

    def __setstate__(self, state: Any) -> None:
        self.dtype = np.dtype(_known(state[1], ('<', '>', '|', '=')) + self.dtype.str[1:])

    def read(self, data: Any) -> np.ndarray:
        if not isinstance(data, bytes):
            raise TypeError('an array in a checkpoint has no bytes')
        return np.frombuffer(data, self.dtype).copy() if data else np.zeros(0, self.dtype)


class _Array:
    """Stands in for ``numpy.ndarray`` while its bytes are still to come."""

    def __init__(self, *_: Any) -> None:
        self.array = np.zeros(0)

    def __setstate__(self, state: Any) -> None:
        _, shape, dtype, fortran, data = state
        self.array = _dtype(dtype).read(data).reshape(shape, order='F' if fortran else 'C')


class _History(HistoryBuffer):
    """Becomes a HistoryBuffer of numbers, with MMEngine's own statistics."""

    def __init__(self) -> None:  # replaces one with options
        super().__init__()

    def __setstate__(self, state: Mapping[str, Any]) -> None:
        self._set_default_statistics()
        self.max_length = int(state['max_length'])
        self._log_history = _numbers(state['_log_history'])
        self._count_history = _numbers(state['_count_history'])
        self.__class__ = HistoryBuffer


def _scalar(dtype: Any, data: Any) -> Any:
    """Stand in for the constructor of numpy's numbers."""
    return _dtype(dtype).read(data)[0]


def _statistic(owner: type, name: str) -> Callable[..., Any]:
    """Stand in for ``getattr``, which a pickled history of losses calls for its own statistics and nothing else."""
    if owner is not _History or name not in ('min', 'max', 'mean', 'current'):
        raise TypeError(f'{owner}.{name} has no place in a checkpoint')
    return getattr(HistoryBuffer, name)


def _known(value: Any, values: Any) -> str:
    if not (isinstance(value, str) and value in values):
        raise TypeError(f'{value!r} has no place in a checkpoint')
    return value


def _dtype(value: Any) -> _Dtype:
    if not isinstance(value, _Dtype):
        raise TypeError('an array in a checkpoint is of no known type')
    return value


def _numbers(value: Any) -> np.ndarray:
    if isinstance(value, _Array):
        return value.array
    return np.array([float(number) for number in value])


_STAND_INS: list[Any] = [
    (_History, 'mmengine.logging.history_buffer.HistoryBuffer'),
    (_statistic, 'builtins.getattr'),
    (_Array, 'numpy.ndarray'),
    (_Dtype, 'numpy.dtype'),
    *(
        (stand_in, f'numpy.{core}.multiarray.{name}')
        for core in ('core', '_core')
        for name, stand_in in (('_reconstruct', _Array), ('scalar', _scalar))
    ),
]
_load = torch.load

OLDEST_TORCH = '2.6'
"""The first PyTorch whose list of what may be called takes stand-ins by another name."""


@contextlib.contextmanager
def safe_loading() -> Iterator[None]:
    """Have every ``torch.load`` in the block run nothing from its file, whoever calls it and with whatever options.

    MMEngine's loader falls back to unsafe loading, and puts NumPy's own constructors on the list before that.
    """
    refuse_old_torch()
    before = torch.load
    torch.load = _load_numbers
    try:
        yield
    except pickle.UnpicklingError as error:
        raise UserError(
            f'A checkpoint that the config names cannot be loaded without unsafe unpickling or is damaged '
            f'({reason(error)}); save its state_dict again with a current MMEngine.'
        ) from error
    finally:
        torch.load = before


def refuse_old_torch() -> None:
    """Refuse a PyTorch that cannot be given the stand-ins."""
    if torch.__version__ < OLDEST_TORCH:
        raise UserError(
            f'PyTorch {torch.__version__} cannot read checkpoints without unsafe unpickling; install {OLDEST_TORCH} or '
            'newer.'
        )


def _load_numbers(*args: Any, **options: Any) -> Any:
    """Call ``torch.load`` with exactly the stand-ins above on its list."""
    before = torch.serialization.get_safe_globals()
    torch.serialization.clear_safe_globals()
    torch.serialization.add_safe_globals(_STAND_INS)
    try:
        return _load(*args, **{**options, 'weights_only': True})
    except TypeError as error:  # something on the list was called in another way than MMEngine does
        raise pickle.UnpicklingError(str(error)) from error
    finally:
        torch.serialization.clear_safe_globals()
        torch.serialization.add_safe_globals(before)


def reason(error: Exception) -> str:
    """Return the line of an error of ``torch.load`` that says what is wrong."""
    lines = str(error).splitlines()
    return next((line for line in lines if 'Error' in line), type(error).__name__).strip()[:200]
