"""The oracle: what outsiders consult to learn whether their noise-contrastive estimation is right.

The numbers that it compares with are made by ``exact``, to 40 digits, with the standard library alone and by formulas
written there from the papers: nothing of them comes from the rest of the package, which is one of the judged.
``exact_numbers`` holds the kinds of number that occur and the arithmetic of growing precision, ``exact_linear_algebra``
the reading of inputs and the inverse of a small matrix in fractions.
"""
