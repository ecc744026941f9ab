"""The command line: what it prints, its exit codes, and one line for each bad input."""

import json
import os
import subprocess
import sys

import pytest

from paper_replication import command_line, engine
from paper_replication.command_line import main
from paper_replication.executors import Dask, Processes, Serial


def run(*arguments):
    return main([str(argument) for argument in arguments])


def test_a_run_prints_budget_verdicts_and_report(tmp_path, made_up_figure1, capsys):
    assert run("run", "--profile", "made-up", "--workers", 0, "--results", tmp_path) == 0
    out = capsys.readouterr().out
    assert out.startswith("figure1, profile made-up: no fits; 24 runs, budget 0:10 on 2 cores\n")
    assert "24 runs made, 0 found in the store, 0 failed" in out and "whose claims" in out
    path = tmp_path / "figure1" / "report-made-up" / "REPORT.md"
    assert "left to the full profile" not in out  # it is the last of its profiles
    assert out.endswith(f"report: {path}\n") and path.exists()
    about = json.loads((tmp_path / "figure1" / "report-made-up" / "provenance.json").read_text())
    assert about["runs"]["profile"] == "made-up" and sum(about["runs"]["codes"].values()) == 24


def test_shards_and_deadlines_add_up_to_the_whole(tmp_path, made_up_figure1, capsys):
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    run("run", "--profile", "made-up", "--workers", 0, "--results", whole)
    assert (
        run(
            "run",
            "--profile",
            "made-up",
            "--workers",
            0,
            "--results",
            parts,
            "--max-minutes",
            "1e-9",
        )
        == 0
    )
    assert "0 runs made" in capsys.readouterr().out.splitlines()[-2]
    for index in (3, 1):
        assert (
            run(
                "run",
                "--profile",
                "made-up",
                "--workers",
                0,
                "--results",
                parts,
                "--shard",
                f"{index}/3",
            )
            == 0
        )
        assert "runs of the profile are missing" in capsys.readouterr().out
        assert not (parts / "figure1" / "report-made-up").exists()
    assert (
        run("run", "--profile", "made-up", "--workers", 0, "--results", parts, "--shard", "2/3")
        == 0
    )
    for name in ("summary.csv", "claims.json", "runs.jsonl.gz"):
        assert (parts / "figure1" / "report-made-up" / name).read_bytes() == (
            whole / "figure1" / "report-made-up" / name
        ).read_bytes()


def test_a_report_from_several_folders(tmp_path, made_up_figure1, capsys):
    for index in (1, 2):
        run(
            "run",
            "--profile",
            "made-up",
            "--workers",
            0,
            "--results",
            tmp_path / str(index),
            "--shard",
            f"{index}/2",
        )
    assert (
        run(
            "report",
            "--runs",
            tmp_path / "1/figure1",
            tmp_path / "2/figure1",
            "--out",
            tmp_path / "report",
        )
        == 0
    )
    run("run", "--profile", "made-up", "--workers", 0, "--results", tmp_path / "whole")
    assert (tmp_path / "report" / "claims.json").read_bytes() == (
        tmp_path / "whole" / "figure1" / "report-made-up" / "claims.json"
    ).read_bytes()


def test_failed_runs_make_the_exit_code_one(tmp_path, made_up_figure1, monkeypatch, capsys):
    import synthetic_rows

    real = synthetic_rows.run

    def sometimes(params, rng):
        result = real(params, rng)
        if result["condition_number"] > 6.0:
            raise ArithmeticError("planted failure")
        return result

    monkeypatch.setattr(synthetic_rows, "run", sometimes)
    assert run("run", "--profile", "made-up", "--workers", 0, "--results", tmp_path) == 1
    captured = capsys.readouterr()
    assert "failed: figure1 version 1" in captured.err and "planted failure" in captured.err
    assert (
        "runs of the profile are missing"
        in (tmp_path / "figure1" / "report-made-up" / "REPORT.md").read_text()
    )


def test_a_cut_line_is_noted(tmp_path, made_up_figure1, capsys):
    run("run", "--profile", "made-up", "--workers", 0, "--results", tmp_path)
    path = tmp_path / "figure1" / "runs.jsonl"
    path.write_bytes(path.read_bytes()[:-5])
    capsys.readouterr()
    assert run("run", "--profile", "made-up", "--workers", 0, "--results", tmp_path) == 0
    captured = capsys.readouterr()
    assert "line 24: cut short, dropped" in captured.err and "1 runs made, 23 found" in captured.out


def test_ctrl_c_has_its_own_exit_code(tmp_path, made_up_figure1, monkeypatch, capsys):
    import synthetic_rows

    monkeypatch.setattr(
        synthetic_rows, "run", lambda params, rng: (_ for _ in ()).throw(KeyboardInterrupt)
    )
    assert run("run", "--profile", "made-up", "--workers", 0, "--results", tmp_path) == 130
    assert "stopped: 24 runs are missing" in capsys.readouterr().out


def test_ctrl_c_while_reporting_is_one_line(tmp_path, made_up_figure1, monkeypatch, capsys):
    monkeypatch.setattr(
        engine, "build_report", lambda *arguments, **more: (_ for _ in ()).throw(KeyboardInterrupt)
    )
    assert run("run", "--profile", "made-up", "--workers", 0, "--results", tmp_path) == 130
    assert (
        capsys.readouterr()
        .err.splitlines()[-1]
        .startswith("paper_replication: stopped; what was stored is kept")
    )


@pytest.mark.parametrize(
    "arguments, message",
    [
        (
            ["run", "--profile", "nothing"],
            "profile: there is no 'nothing'; there are fake, made-up",
        ),
        (
            ["run", "--profile", "fake", "--results", "{file}/results"],
            "results cannot be written here",
        ),
        (["report", "--runs", "{file}.jsonl", "--out", "{file}.out"], "cannot be read"),
        (["report", "--runs", "{bad}", "--out", "{file}.out"], "line 1: damaged"),
        (["report", "--runs", "{bad}"], "would be overwritten"),
    ],
)
def test_bad_input_is_one_line(tmp_path, made_up_figure1, capsys, arguments, message):
    (tmp_path / "file").write_text("")
    (tmp_path / "bad.jsonl").write_text("no json\n{}\n")
    names = {"{file}": str(tmp_path / "file"), "{bad}": str(tmp_path / "bad.jsonl")}
    for name, path in names.items():
        arguments = [argument.replace(name, path) for argument in arguments]
    assert main(arguments) == 2
    error = capsys.readouterr().err
    assert message in error and error.count("\n") == 1


@pytest.mark.parametrize(
    "arguments, message",
    [
        ([], "the following arguments are required"),
        (["run"], "--profile"),
        (["run", "--profile", "fake", "--shard", "3/2"], "got '3/2'; expected i/k"),
        (["run", "--profile", "fake", "--workers", "-1"], "got '-1'; expected 0"),
        (["run", "--profile", "fake", "--workers", "²"], "got '²'; expected 0"),
        (
            ["run", "--profile", "fake", "--executor", "dask:"],
            "got 'dask:'; expected serial, processes:N, dask:ADDRESS or dask:local",
        ),
        (["walkthrough", "--executor", "processes:0"], "got 'processes:0'; expected serial"),
        (
            ["run", "--profile", "fake", "--executor", "serial", "--workers", "2"],
            "not allowed with argument --executor",
        ),
        (["run", "--profile", "fake", "--shard", "¹/²"], "got '¹/²'; expected i/k"),
        (
            ["run", "--profile", "fake", "--max-minutes", "soon"],
            "got 'soon'; expected a number of minutes",
        ),
        (["walk"], "invalid choice"),
    ],
)
def test_bad_arguments_are_one_line(capsys, arguments, message):
    with pytest.raises(SystemExit) as stop:
        main(arguments)
    error = capsys.readouterr().err
    assert stop.value.code == 2 and message in error and error.count("\n") == 1


def test_workers_are_short_for_executors():
    def chosen(*arguments):
        return command_line._parser().parse_args(["run", "--profile", "fake", *arguments]).executor

    assert chosen("--workers", "3") == chosen("--executor", "processes:3") == Processes(3)
    assert chosen("--workers", "0") == chosen("--executor", "serial") == Serial()
    assert chosen("--executor", "dask:local") == Dask("local")
    assert chosen() == Processes(os.cpu_count() or 1)


def test_without_dask_one_line_names_the_extra(tmp_path, made_up_figure1, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "distributed", None)
    assert run("run", "--profile", "fake", "--executor", "dask:local", "--results", tmp_path) == 2
    error = capsys.readouterr().err
    assert (
        "--executor dask:local" in error
        and "pip install -e '.[cluster]'" in error
        and error.count("\n") == 1
    )


def test_the_module_pins_its_threads_before_numpy():
    code = (
        "import os, runpy, sys\n"
        "os.environ.pop('OMP_NUM_THREADS', None)\n"
        "import paper_replication.threads as threads\n"
        "assert 'numpy' not in sys.modules\n"
        "real = threads.pin\n"
        "def pin():\n"
        "    assert 'numpy' not in sys.modules\n"
        "    real()\n"
        "    print('pinned')\n"
        "threads.pin = pin\n"
        "sys.argv = ['paper_replication', 'run', '--profile', 'nothing']\n"
        "runpy.run_module('paper_replication', run_name='__main__')\n"
    )
    root = str(command_line.RESULTS.parent.parent)
    answer = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=root, timeout=60
    )
    assert answer.returncode == 2 and answer.stdout == "pinned\n", answer.stderr
    assert "there is no 'nothing'; there are smoke, quick, full" in answer.stderr
