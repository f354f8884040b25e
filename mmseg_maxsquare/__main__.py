"""``python -m mmseg_maxsquare`` is the command ``mmseg-maxsquare``."""

from .cli.main import main

if __name__ == '__main__':  # worker processes import this file, too
    main()
