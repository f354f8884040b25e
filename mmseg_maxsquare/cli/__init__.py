"""The command ``mmseg-maxsquare``: one file for each subcommand, arguments only.

Nothing here imports PyTorch before a command runs, so that ``--help`` is immediate.
"""
