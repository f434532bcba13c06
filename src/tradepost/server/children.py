"""Child programs that never outlive the one who started them."""

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO

PR_SET_PDEATHSIG = 1  # from linux/prctl.h
_LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None


def start_child(
    command: Sequence[str],
    *,
    output: IO[bytes],
    environment: Mapping[str, str] | None = None,
    folder: Path | None = None,
    user: tuple[int, int] | None = None,
    on_our_death: signal.Signals | None = signal.SIGTERM,
) -> subprocess.Popen[bytes]:
    """Start a program in a session (and so a group) of its own.

    `on_our_death` is what the kernel sends it when the *thread* that called this ends, also when we are
    killed; only Linux offers that. None lets it live on. `user` is (uid, gid), which only root may set.
    Raises OSError when the program cannot be started.
    """
    uid, gid = user or (None, None)
    return subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        env=environment,
        cwd=folder,
        user=uid,
        group=gid,
        extra_groups=[] if user else None,
        start_new_session=True,
        preexec_fn=_leash(on_our_death),  # noqa: PLW1509  calls one C function that takes no lock
    )


def end_child(child: subprocess.Popen[bytes], *, patience: float = 10.0) -> None:
    """Ask with SIGTERM, wait `patience` seconds, then kill it with all that is left of its group."""
    if child.poll() is None:
        child.terminate()
        try:
            child.wait(timeout=patience)
        except subprocess.TimeoutExpired:
            kill_group(child.pid)
            child.wait()
    kill_group(child.pid)


def kill_group(group: int) -> None:
    """Kill whatever is left in the group of a child; the group keeps its number while it has members."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, signal.SIGKILL)


def is_alive(pid: int) -> bool:
    """Whether a program with this number runs; one that ended and was not yet collected does not count."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    with contextlib.suppress(OSError, IndexError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return True


def _leash(on_our_death: signal.Signals | None) -> Callable[[], None] | None:
    if _LIBC is None or on_our_death is None:
        return None
    parent, libc, number = os.getpid(), _LIBC, int(on_our_death)

    def bind_to_parent() -> None:
        libc.prctl(PR_SET_PDEATHSIG, number)
        if os.getppid() != parent:  # the parent died before the call above: nobody would tell us
            os._exit(1)

    return bind_to_parent
