"""Every mistake of the catalogue is named in float64."""

import pytest

from tests.oracle.diagnosis.catalogue import every_mistake_is_named

pytestmark = pytest.mark.long


def test_catalogue_is_named():
    every_mistake_is_named("float64")
