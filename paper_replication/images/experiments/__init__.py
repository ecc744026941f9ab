"""One experiment a module, as in ``study.py`` of the package."""
