"""Train a model, as in: python tools/train.py configs/maxsquare/gta2cs.py"""

import sys

from mmseg_maxsquare.cli.main import main

if __name__ == '__main__':  # worker processes import this file, too
    main(['train', *sys.argv[1:]])
