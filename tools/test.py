"""Evaluate a checkpoint, as in: python tools/test.py CONFIG work_dirs/.../iter_29760.pth"""

import sys

from mmseg_maxsquare.cli.main import main

if __name__ == '__main__':  # worker processes import this file, too
    main(['test', *sys.argv[1:]])
