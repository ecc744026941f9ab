"""One experiment a module, as in ``study.py`` of the package; entries named "seconds. ..." are times, kept apart
(``timing.py``)."""
