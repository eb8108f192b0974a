"""``mmcsod demo`` from a checkout."""

import sys

from mmcsod.commands import main

if __name__ == '__main__':
    main(['demo', *sys.argv[1:]])
