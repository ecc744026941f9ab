"""What is wrong with what failed: conventions, known mistakes, pairs of them, odd constants, and hints where nothing
fits.

``diagnose`` leads through the others: ``observed`` lays the answers out, ``suspects`` and ``compound`` search the
catalogue, ``relatives`` other objectives, ``family`` and ``constants`` weights and constants of any size,
``stationary`` asks what an estimate maximises, ``hints``, ``special_cases``, ``consistency`` and ``estimate_hints``
compute what can be said without a name.
"""

from nce_ref.oracle.diagnosis.diagnose import diagnose
from nce_ref.oracle.diagnosis.relatives import (
    recognise_signature,
    renamed_argument,
)
from nce_ref.oracle.diagnosis.verdict import Diagnosis, Suspect

__all__ = [
    "Diagnosis",
    "Suspect",
    "diagnose",
    "recognise_signature",
    "renamed_argument",
]
