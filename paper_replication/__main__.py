"""python -m paper_replication: see ``command_line.py``."""

import sys

from . import threads

if __name__ == "__main__":
    threads.pin()  # before NumPy, which the next line brings in, reads the number of threads: see threads.py
    from .command_line import main

    sys.exit(main())
