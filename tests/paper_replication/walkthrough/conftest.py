"""Puts this folder on the path, so that the tests find ``walkthrough_rows``."""

import sys
from pathlib import Path

HERE = str(Path(__file__).resolve().parent)
if HERE not in sys.path:
    sys.path.insert(0, HERE)
