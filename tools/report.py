"""``mmcsod report`` from a checkout."""

import sys

from mmcsod.commands import main

if __name__ == '__main__':
    main(['report', *sys.argv[1:]])
