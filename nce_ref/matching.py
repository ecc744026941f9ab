"""Undo the ambiguity of independent component analysis: rows of a demixing matrix have no order and no sign.

Conventions (all arrays float64, C order)
-----------------------------------------
B_hat, B_true  (n_rows, n_dim)   demixing matrices, one source a row; square in ICA, any shape here
permutation    (n_rows,)         integers; row i of the match is row permutation[i] of B_hat
signs          (n_rows,)         +1.0 or -1.0
theta          (n_rows * n_dim + 1,)   (B row by row, c); the match moves B and leaves c where it is

The density of x = A s with independent, symmetric and equally distributed sources is the same for every signed
permutation of the rows of B, and so is |det B|: no objective can tell them apart, and c is common to all of them.
An error of B is therefore measured after the best match, min over signed permutations P of ||B_true - P B_hat||_F^2.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import linear_sum_assignment

from nce_ref._checks import Float, as_array, as_vector

# Above this an entry's square, or a sum of a few thousand of them, leaves float64.
_LARGEST = 1e150


@dataclass(frozen=True, eq=False)
class RowMatch:
    """The signed permutation of an estimate's rows that is nearest to the truth in Frobenius norm.

    Attributes
    ----------
    B : (n_rows, n_dim)
        signs[i] * B_hat[permutation[i]], row by row.
    permutation : (n_rows,)
        Each row of B_hat exactly once.
    signs : (n_rows,)
        +1.0 or -1.0.
    squared_error : float
        ||B_true - B||_F^2, summed from the differences; exactly 0.0 for an exact match.
    """

    B: Float
    permutation: NDArray[np.intp]
    signs: Float
    squared_error: float

    def apply(self, rows: ArrayLike) -> Float:
        """Return any matrix with one row a source under the same match."""
        matrix = as_array("rows", rows, 2, (len(self.signs), None))
        return self.signs[:, None] * matrix[self.permutation]

    def apply_theta(self, theta: ArrayLike) -> Float:
        """Return theta = (B row by row, c) with B under the same match and c unchanged; ``(n_rows * n_dim + 1,)``."""
        vector = as_vector("theta", theta, self.B.size + 1)
        return np.concatenate([self.apply(vector[:-1].reshape(self.B.shape)).ravel(), vector[-1:]])


def match_rows(B_hat: ArrayLike, B_true: ArrayLike) -> RowMatch:
    """Match the rows of an estimate to those of the truth, one to one, over all signed permutations.

        min over signed permutations P of ||B_true - P B_hat||_F^2

    Parameters
    ----------
    B_hat, B_true : (n_rows, n_dim)
        The estimate and the truth, one source a row, of the same shape.

    Returns
    -------
    RowMatch
        The matched rows, the permutation and signs, and the squared error.

    Raises
    ------
    ValueError
        Where the two shapes differ, an entry is not finite, or one exceeds 1e150 (squares overflow).

    Notes
    -----
    The sum over rows of min over the sign of ||b_true_i - sign * b_hat_j||^2 is a linear assignment problem, and
    ``scipy.optimize.linear_sum_assignment`` solves it exactly in O(n_rows^3). Choosing the nearest row for each source
    by itself (greedy) can use a row of B_hat twice; it then reports too small an error for a wrong estimate. The best
    sign of a pair is that of its inner product; an orthogonal pair, for which both are as good, has +1. Never
    inaccurate by more than rounding; where two matches tie to within it, either may come back.

    Examples
    --------
    >>> import nce_ref as nr
    >>> match = nr.match_rows([[0.0, -1.0], [1.5, 0.0]], [[1.0, 0.0], [0.0, 1.0]])
    >>> match.permutation, match.signs, match.squared_error
    (array([1, 0]), array([ 1., -1.]), 0.25)
    """
    truth = as_array("B_true", B_true, 2)
    estimate = as_array("B_hat", B_hat, 2, truth.shape)
    for name, matrix in (("B_true", truth), ("B_hat", estimate)):
        largest = float(np.abs(matrix).max())
        if largest > _LARGEST:
            raise ValueError(
                f"{name}: entries reach {largest:.3g}; expected at most {_LARGEST:g}, beyond which squares overflow"
            )
    # Dividing by the largest entry keeps the squares of very small entries from vanishing; signs and choice do not
    # change.
    t, e = truth / (np.abs(truth).max() or 1.0), estimate / (np.abs(estimate).max() or 1.0)
    pair_signs = np.where(t @ e.T >= 0.0, 1.0, -1.0)
    scale = max(np.abs(truth).max(), np.abs(estimate).max()) or 1.0
    # Squared distances come from the differences themselves. The shorter ||b||^2 + ||b'||^2 - 2|<b, b'>| subtracts
    # nearly equal numbers exactly when the match is good, and leaves 1e-16 * ||b||^2 (or a negative number) of an error
    # of 0.
    gaps = (truth[:, None, :] - pair_signs[:, :, None] * estimate[None, :, :]) / scale
    rows, permutation = linear_sum_assignment((gaps**2).sum(axis=2))
    signs = pair_signs[rows, permutation]
    matched = signs[:, None] * estimate[permutation]
    return RowMatch(matched, permutation, signs, float(((truth - matched) ** 2).sum()))
