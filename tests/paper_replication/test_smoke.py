"""The smoke profile, end to end with real fits: 20 seconds on two cores at the most (stated here, not asserted:
machines differ)."""

import json

from paper_replication.command_line import main


def test_smoke(tmp_path, capsys):
    assert main(["run", "--profile", "smoke", "--workers", "2", "--results", str(tmp_path)]) == 0
    folder = tmp_path / "figure1" / "report-smoke"
    assert capsys.readouterr().out.endswith(f"report: {folder / 'REPORT.md'}\n")
    claims = json.loads((folder / "claims.json").read_text())
    assert not [
        c["id"] for c in claims if c["verdict"] != "not resolved"
    ]  # a handful of runs proves nothing
    assert (folder / "summary.csv").stat().st_size > 0 and (
        folder / "runs.jsonl.gz"
    ).stat().st_size > 0
