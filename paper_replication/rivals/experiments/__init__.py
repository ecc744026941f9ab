"""One experiment a module, as in ``paper_replication/experiments``; entries named "seconds. ..." are times, kept apart (``clock.py``)."""
