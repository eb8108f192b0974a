"""``python lose_a_process.py SIGNAL select ...``: the command line, whose second process is hit at its 20th turn."""

import os
import signal
import sys
from datetime import timedelta

from mmcsod.commands import main
from mmcsod.util import distributed

TURN = 20


class LostWorld(distributed.TorchWorld):
    turns = 0

    def gather(self, values):
        self.turns += 1
        if self.rank == 1 and self.turns == TURN:
            os.kill(os.getpid(), signal.Signals[sys.argv[1]])
        return super().gather(values)


distributed.TorchWorld = LostWorld
distributed.SILENCE = timedelta(seconds=5)
main(sys.argv[2:])
