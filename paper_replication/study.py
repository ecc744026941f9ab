"""A study: which experiments it runs, what it claims, how its report reads. A new study is one folder with one of
these.

    STUDY = Study(
        name="coins",
        title="Are coins fair?",
        experiments=(Experiment("coins", "paper_replication.coins.experiments.coins"),),
        profiles=(Profile("quick", "at a glance", 10.0, (Batch("coins", {"n": 100}, 50),)),),
        claims=lambda: [Claim("fair", ..., estimand=partial(mean_of, group="coins n=100", column="heads"), ...)],
    )

and its name in the list of ``studies.py``. Everything else has a default: columns of numbers as evidence,
``summary.csv`` of all of them, no figures, the standard sections. The engine (``engine.py``, ``report.py``) runs,
stores, resumes, judges, draws and writes.

*Conventions.* An experiment is a module with ``EXPERIMENT_VERSION: int``, ``run(params, rng) -> dict[str, float]`` (a
pure function of both) and, where its cost is worth knowing, ``expected_seconds(params) -> float``. Its *name* stands in
the key and in the seed of every stored run: it is a fixed string of the study and outlives any move of the module.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from .claims import Claim, Judgement
from .columns import gather_columns, summary_csv
from .conclusions import Conclusion
from .profiles import Profile, find_profile
from .store import Row
from .tasks import Task, canonical, make_task

REPORT = Path(__file__).resolve().parent / "report"
Section = tuple[str, str]  # heading without its marks ("" for none), and the text below it


@dataclass(frozen=True)
class Experiment:
    """``name``: the fixed string of keys and seeds; ``module``: the path of the code, which may move.

    ``on_rounding``: patterns (``fnmatch``) of the results that another processor's last digits may change by far more
    than their own rounding, such as where an uncertified climb ends beside a kink.
    """

    name: str
    module: str
    on_rounding: tuple[str, ...] = ()

    def hangs_on_rounding(self, result: str) -> bool:
        """Whether the result of that name is one of those."""
        return any(fnmatchcase(result, pattern) for pattern in self.on_rounding)

    @property
    def short(self) -> str:
        """The last part of the name, for tables."""
        return self.name.rpartition(".")[2]


@dataclass(frozen=True)
class Findings:
    """What a report is written from: evidence, verdicts, the figures drawn, and what is known of the making of the
    runs."""

    study: Study
    evidence: Any
    judgements: Sequence[Judgement]
    runs: Mapping[str, Any]
    folder: Path
    left_out: int = 0
    drawn: tuple[str, ...] = ()

    @property
    def profile(self) -> str:
        """The profile of the runs, "unknown" where nobody wrote it down."""
        return str(self.runs.get("profile", "unknown"))

    def picture(self, name: str) -> str:
        """The Markdown of one figure with its caption, empty where it was not drawn."""
        return (
            f"\n![{name}](figures/{name}.png)\n\n{self.study.figures[name]}\n"
            if name in self.drawn
            else ""
        )


def no_sections(findings: Findings) -> list[Section]:
    """Nothing beyond the verdicts, figures and claims that every report has."""
    return []


@dataclass(frozen=True)
class Study:
    """Everything the engine needs to know.

    title       heading of the report; ``front`` may say more, and then begins with a heading of its own
    gather      (rows, clock rows) -> the evidence that the claims' estimands look at
    tables      evidence -> {file name: text}, numbers beside the report
    figures     {name: caption}; drawn by ``draw_<name>(figure, findings) -> bool`` of the module ``panels``
    front       findings -> the text before the first section
    sections    findings -> the sections between the verdicts and the list of all claims; ``is_whole``: the sections are
                everything, verdicts, figures and claims included
    conclusions findings -> sentences with the claims that bear them; said at the report's end and on the terminal
    abstract    what it is about, for the screen that ends a run
    poster      the figure to look at first
    after       findings -> what stands below the last section
    beside      what the main report says of this study, above its verdicts; empty for none
    folder      of the committed report
    """

    name: str
    title: str
    experiments: tuple[Experiment, ...]
    profiles: tuple[Profile, ...]
    claims: Callable[[], Sequence[Claim]]
    gather: Callable[[Sequence[Row], Sequence[Row]], Any] = gather_columns
    tables: Callable[[Any], Mapping[str, str]] = lambda evidence: {
        "summary.csv": summary_csv(evidence)
    }
    figures: Mapping[str, str] = field(default_factory=dict)
    panels: str = ""
    front: Callable[[Findings], str] | None = None
    sections: Callable[[Findings], Sequence[Section]] = no_sections
    is_whole: bool = False
    text: str = "REPORT.md"
    conclusions: Callable[[Findings], Sequence[Conclusion]] = lambda findings: []
    poster: str = ""
    abstract: str = ""
    after: Callable[[Findings], str] = lambda findings: ""
    beside: str = ""
    folder: Path | None = None

    @property
    def committed(self) -> Path:
        """The folder of the committed report."""
        return REPORT / self.name if self.folder is None else self.folder

    def profile(self, name: str) -> Profile:
        """Return the profile of that name; raises ValueError that lists those there are."""
        return find_profile(self.profiles, name)

    def experiment(self, name: str) -> Experiment:
        """Return the experiment of that name; raises ValueError that lists those there are."""
        for experiment in self.experiments:
            if experiment.name == name:
                return experiment
        have = ", ".join(experiment.name for experiment in self.experiments)
        raise ValueError(f"experiment: {self.name} has no {name!r}; it has {have}")

    def task(self, name: str, params: Mapping[str, Any], repetition: int) -> Task:
        """Return one run of an experiment of this study."""
        return make_task(self.experiment(name).module, params, repetition, name=name)

    def tasks(self, profile: str) -> list[Task]:
        """Return every run of a profile that can be made here, experiment by experiment."""
        return [
            self.task(batch.experiment, batch.params, repetition)
            for batch in self.profile(profile).batches
            if batch.can_run()
            for repetition in range(batch.first, batch.first + batch.n_repetitions)
        ]

    def label(self, name: str, params: Mapping[str, Any] | str) -> str:
        """Name an experiment and its parameters, for times and counts: 'curves {"n_data":250}'."""
        spelled = params if isinstance(params, str) else canonical(params)
        return f"{name.rpartition('.')[2]} {spelled}"
