"""Hooks of earlier versions, whose names configs may still hold."""

from typing import NoReturn

from mmdet.registry import HOOKS

from mmcsod.util.errors import UserError


@HOOKS.register_module(name='StopOnNaNHook')
def refuse_stop_on_nan_hook(**_: object) -> NoReturn:
    """Name what replaces the hook."""
    raise UserError(
        "StopOnNaNHook was removed; write dict(type='CheckInvalidLossHook', interval=1) in its place in custom_hooks, "
        'or run mmcsod retrain again, which does.'
    )
