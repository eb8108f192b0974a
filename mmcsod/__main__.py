"""``python -m mmcsod``: the command line."""

from mmcsod.commands import main

if __name__ == '__main__':
    main()
