"""A child process that is spoken to in lines, each with a deadline: whatever it does, nobody waits for ever and nothing
stays behind.

One thread polls the three pipes, so a child that does not read cannot block us, nor one that writes without end fill
the memory. The child leads a process group of its own, which is killed at the end, grandchildren included.

Linux and macOS. Not Windows, whose pipes cannot be polled: there the constructor says so (WSL works).
"""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import subprocess
import time
from collections.abc import Sequence

LONGEST_LINE = (
    1 << 24
)  # 16 MiB; the longest honest answer, some thousand numbers, has a hundredth of it
_CHUNK = 1 << 16
_TAIL = 1 << 12  # of stderr
_TICK = 0.05  # seconds between two looks whether the child still lives: a grandchild may keep its pipes open
_GRACE = 0.3  # seconds for what follows at once: an answer after the end of input
_PARTING = 1.0  # seconds from the end of its output to its exit code


class Silent(Exception):
    """No line came before the deadline; the child lives."""


class Lost(Exception):
    """The child cannot be spoken to any more: the message says what happened. ``close`` it and start another."""


class Child:
    """A running command. Raises Lost where it cannot be started."""

    def __init__(self, command: Sequence[str]) -> None:
        if os.name != "posix":
            raise Lost(
                "harnesses are run on Linux and macOS only, since the pipes of Windows cannot be polled; use WSL"
            )
        try:
            self._process = subprocess.Popen(
                list(command),
                bufsize=0,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                start_new_session=True,
            )
        except (OSError, ValueError) as error:
            here = (
                isinstance(error, FileNotFoundError)
                and os.sep not in command[0]
                and os.path.exists(command[0])
            )
            hint = f" (the one in this folder is ./{command[0]})" if here else ""
            raise Lost(
                f"{command[0]!r} cannot be run: {getattr(error, 'strerror', None) or error}{hint}"
            ) from None
        assert self._process.stdin and self._process.stdout and self._process.stderr
        self._in, self._out, self._err = (
            self._process.stdin,
            self._process.stdout,
            self._process.stderr,
        )
        self._to_send, self._received, self._said = bytearray(), bytearray(), b""
        self._selector = selectors.DefaultSelector()
        for pipe, events in (
            (self._in, selectors.EVENT_WRITE),
            (self._out, selectors.EVENT_READ),
            (self._err, selectors.EVENT_READ),
        ):
            os.set_blocking(pipe.fileno(), False)
            if pipe is not self._in:
                self._selector.register(pipe, events)
        self._refused = self._finished = False  # stdin closed by the child; stdout at its end

    def send(self, text: str) -> None:
        """Have a line sent, as fast as the child takes it, while ``line`` waits for the answer."""
        if self._refused:
            return
        self._to_send += text.encode() + b"\n"
        if self._in not in self._selector.get_map():
            self._selector.register(self._in, selectors.EVENT_WRITE)

    def line(self, deadline: float) -> str:
        """The next line of its stdout, before ``deadline`` (of ``time.monotonic``). Raises Silent or Lost."""
        searched = 0
        while True:
            if time.monotonic() >= deadline:
                raise Lost("the harness closed its standard input") if self._refused else Silent
            if (end := self._received.find(b"\n", searched)) >= 0:
                text = self._received[:end].decode(errors="replace")
                del self._received[: end + 1]
                return text
            searched = len(self._received)
            if searched > LONGEST_LINE:
                raise Lost(
                    f"the harness wrote more than {LONGEST_LINE >> 20} MiB without ending the line"
                )
            if self._finished:
                raise Lost(self._end("the harness closed its standard output without exiting"))
            if self._refused:  # it may still have answered, or died
                deadline = min(deadline, time.monotonic() + _GRACE)
            lives = self._process.poll() is None
            moved = self._move(min(_TICK, max(0.0, deadline - time.monotonic())) if lives else 0.0)
            if not (lives or moved):  # what it wrote before it ended has been read
                raise Lost(self._end(""))

    def has_more(self) -> bool:
        """Whether it has written lines that nobody has taken yet."""
        return b"\n" in self._received

    def answers_at_end_of_input(self) -> bool:
        """Close its stdin and see whether a line comes now: then it wrote to a buffer and did not flush. The child is
        spent."""
        self._hang_up()
        with contextlib.suppress(Silent, Lost):
            return bool(self.line(time.monotonic() + _GRACE))
        return False

    def last_words(self) -> str:
        """'; its stderr ends: ...' with the last lines of stderr, and what stands on stdout without a line end; or
        nothing."""
        lines = [
            text.strip()
            for text in self._said.decode(errors="replace").splitlines()
            if text.strip()
        ]
        words = f"; its stderr ends: {' | '.join(lines[-3:])[-300:]}" if lines else ""
        if self._received.strip() and b"\n" not in self._received:
            words += (
                "; it left a line without its end:"
                f" {shortened(bytes(self._received[:_TAIL]).decode(errors='replace'))}"
            )
        return words

    def close(self, patience: float = 0.0) -> None:
        """End it: by the end of its input, given ``patience`` seconds, then by force. Safe to call twice."""
        with contextlib.suppress(Silent, Lost):
            deadline = time.monotonic() + patience
            while self._to_send and time.monotonic() < deadline:
                self._move(_TICK)
            self._hang_up()
            while self._in.closed and patience:
                self.line(deadline)
        with contextlib.suppress(
            ProcessLookupError, PermissionError
        ):  # macOS: PermissionError for a group of zombies
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._selector.close()
        for pipe in (self._in, self._out, self._err):
            with contextlib.suppress(OSError):
                pipe.close()

    def _move(self, wait: float) -> bool:
        """Write and read once what can be; whether anything was read from stdout."""
        got = False
        for key, _ in self._selector.select(wait):
            if key.fileobj is self._in:
                self._write()
                continue
            try:
                chunk = os.read(key.fd, _CHUNK)
            except BlockingIOError:
                continue
            if not chunk:
                self._selector.unregister(key.fileobj)
                self._finished |= key.fileobj is self._out
            elif key.fileobj is self._out:
                self._received += chunk
                got = True
            else:
                self._said = (self._said + chunk)[-_TAIL:]
        return got

    def _write(self) -> None:
        try:
            del self._to_send[: os.write(self._in.fileno(), self._to_send[:_CHUNK])]
        except BlockingIOError:
            return
        except OSError:  # EPIPE
            self._refused = True
            self._to_send.clear()
        if not self._to_send:
            self._selector.unregister(self._in)

    def _hang_up(self) -> None:
        if not self._in.closed:
            if self._in in self._selector.get_map():
                self._selector.unregister(self._in)
            with contextlib.suppress(OSError):
                self._in.close()

    def _end(self, otherwise: str) -> str:
        """How it ended, with its last words; ``otherwise`` if it did not."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(_PARTING)
        self._move(0.0)
        code = self._process.returncode
        if code is None:
            return otherwise + self.last_words()
        if code >= 0:
            return f"the harness exited with code {code}" + self.last_words()
        return (
            f"the harness was killed by signal {-code} ({_signal_name(-code)})" + self.last_words()
        )


def shortened(text: str, length: int = 80) -> str:
    """The text in quotes, control characters spelt out, its middle left out where it is long."""
    quoted = repr(text)
    return (
        quoted
        if len(quoted) <= length
        else f"{quoted[: length - 20]}...{quoted[-10:]} ({len(text)} characters)"
    )


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return "unknown"
