"""Where in a detector the vector r_ij of a ground-truth box is read (Eq. 2): one small adapter for each place."""

from mmcsod.features.taps.base import TAPS, Tap, attach_tap
from mmcsod.features.taps.neck import NeckTap
from mmcsod.features.taps.roi_head import FCTap, PooledTap, RoITap

# `auto` asks the last one first, and those that users register come after these.
for tap in (NeckTap, PooledTap, RoITap, FCTap):
    TAPS.register_module(name=tap.name, module=tap)

__all__ = ['TAPS', 'Tap', 'attach_tap']
