"""Programs under 60 lines, each run by the tests: ``python -m nce_ref.examples.thirty_lines`` and its neighbours."""
