"""Which tensors of a model a result depends on: what makes a bank another one, and what a checkpoint must have.

Running is not enough: MMDetection's MobileNetV2 computes a last layer that none of its maps depends on. So each result
of a PyTorch function is noted with the tensors that went into it. What operators outside PyTorch return, or write into
an empty tensor, is taken to depend on everything that was read before.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from torch import Tensor, nn
from torch.overrides import TorchFunctionMode
from torch.utils.weak import WeakTensorKeyDictionary

ALLOCATING = ('new_', 'empty', 'zeros')
"""How functions begin whose results others may fill."""


class TensorsRead(TorchFunctionMode):
    """Follows, while it is entered, which tensors of a model's state dict each result depends on."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self._modules = list(model.modules())
        self._names = {id(tensor): name for name, tensor in model.state_dict(keep_vars=True).items()}
        self._sources: Any = WeakTensorKeyDictionary()
        self._so_far: frozenset[str] = frozenset()

    def __enter__(self) -> TensorsRead:
        self._handles = [module.register_forward_pre_hook(self._enter_module) for module in self._modules]
        super().__enter__()
        return self

    def __exit__(self, *exception: Any) -> None:
        super().__exit__(*exception)
        for handle in self._handles:
            handle.remove()

    def of(self, result: Any) -> frozenset[str]:
        """Return the names of the tensors that a result depends on, in whatever containers it is."""
        return frozenset().union(*map(self._of_tensor, _tensors(result)))

    def go_on_from(self, result: Any) -> None:
        """Forget what was read for anything but a result, which the rest is computed from."""
        self._so_far = self.of(result)

    def _of_tensor(self, tensor: Tensor) -> frozenset[str]:
        if id(tensor) in self._names:
            return frozenset((self._names[id(tensor)],))
        return self._sources.get(tensor, self._so_far)

    def _enter_module(self, module: nn.Module, inputs: Any) -> None:
        # Operators outside PyTorch take a module's parameters unseen.
        own = {self._names.get(id(tensor)) for tensor in module.parameters(recurse=False)}
        self._so_far |= {name for name in own if name is not None}

    def __torch_function__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        sources = self.of((args, kwargs))
        self._so_far |= sources
        result = function(*args, **kwargs)
        if function.__name__.startswith(ALLOCATING):
            return result
        changed = args[:1] if function.__name__.endswith('_') else ()  # x.add_(y), x[0] = y
        for tensor in _tensors((result, changed)):
            if id(tensor) not in self._names:
                self._sources[tensor] = sources
                if tensor._base is not None and changed:
                    self._sources[tensor._base] = self._of_tensor(tensor._base) | sources
        return result


def _tensors(value: Any) -> Iterator[Tensor]:
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, Mapping):
        yield from _tensors(list(value.values()))
    elif isinstance(value, list | tuple):
        for part in value:
            yield from _tensors(part)
