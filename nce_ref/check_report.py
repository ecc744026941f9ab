"""What a check of somebody's own model or noise found: one finding a question, and what to do where the answer is no.

Conventions
-----------
status   PASSED, FAILED, WARNED (worth a look, not wrong by itself) or NOT_CHECKED (with the reason)
"""

from __future__ import annotations

from dataclasses import dataclass

from nce_ref._html import preformatted

PASSED, FAILED, WARNED, NOT_CHECKED = "passed", "failed", "warning", "not checked"


@dataclass(frozen=True)
class Finding:
    """The answer to one question.

    Attributes
    ----------
    name : str
        What was asked, in a few words.
    status : str
        "passed", "failed", "warning" or "not checked".
    message : str
        What was seen, and what to do about it.
    false_alarm : float
        How often a right one fails this check by chance; 0 where no chance is in it.
    power : str
        The smallest departure that it sees at the size drawn, in words; empty where no chance is in it.
    """

    name: str
    status: str
    message: str
    false_alarm: float = 0.0
    power: str = ""

    def __str__(self) -> str:
        mark = self.status.upper() if self.status in (FAILED, WARNED) else self.status
        rate = f" (false alarms: {self.false_alarm:.0e})" if self.false_alarm else ""
        seen = f"; sees {self.power}" if self.power and self.status == PASSED else ""
        return f"{self.name}: {mark}: {self.message}{seen}{rate}"


@dataclass(frozen=True)
class CheckReport:
    """All findings of ``check_model`` or ``check_noise``; ``str(report)`` lists what failed first and says what to do.

    Attributes
    ----------
    subject : str
        What was looked at.
    findings : tuple of Finding
        In the order asked; ``report["name"]`` finds one.
    ok : bool
        Nothing failed.
    """

    subject: str
    findings: tuple[Finding, ...]

    @property
    def ok(self) -> bool:
        """Whether something was checked and nothing failed. Warnings and what was not checked do not count against
        it."""
        statuses = [finding.status for finding in self.findings]
        return FAILED not in statuses and PASSED in statuses

    def __getitem__(self, name: str) -> Finding:
        """The finding of that name. Raises KeyError where there is none."""
        for finding in self.findings:
            if finding.name == name:
                return finding
        raise KeyError(f"{name}: expected one of {', '.join(f.name for f in self.findings)}")

    def __str__(self) -> str:
        order = (FAILED, WARNED, NOT_CHECKED, PASSED)
        counts = {status: sum(f.status == status for f in self.findings) for status in order}
        told = ", ".join(f"{count} {status}" for status, count in counts.items() if count)
        lines = [f"{self.subject} {'passed' if self.ok else 'FAILED'} its check: {told}"]
        lines += [f"  {f}" for status in order for f in self.findings if f.status == status]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        return preformatted(str(self))
