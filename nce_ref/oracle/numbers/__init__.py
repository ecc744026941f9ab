"""Numbers: arithmetic to any digits, and the names of known constants, in the standard library alone."""
