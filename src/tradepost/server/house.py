"""The whole house on one machine: both services, a worker, the database, mail and a sample app."""

import contextlib
import os
import secrets
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from tradepost.server.databases import fresh_database
from tradepost.server.places import PROJECT, database_folder, make_folder, var_folder
from tradepost.server.ports import Ports, require_free
from tradepost.server.postgres import OwnPostgres
from tradepost.server.supervisor import Database, Program, Supervisor, run_once, this_python, watching


@dataclass(frozen=True, slots=True)
class House:
    """A house that stands. `sign_ins` is what `seed` printed: who can sign in where."""

    ports: Ports
    database_url: str
    var: Path
    environment: Mapping[str, str]
    sign_ins: str

    @property
    def marketplace_url(self) -> str:
        return self.ports.marketplace.url

    @property
    def host_url(self) -> str:
        return self.ports.host.url

    @property
    def sample_url(self) -> str:
        return self.ports.sample.url

    @property
    def mail_url(self) -> str:
        return self.ports.mail.url


@contextlib.contextmanager
def running_house(
    *,
    ports: Ports,
    var: Path,
    tell: Callable[[str], None] | None = None,
    with_seed: bool = True,
) -> Iterator[House]:
    """Give a running house with an empty database of its own; nothing of it is left when the block ends.

    For the demonstration and for tests. `tell` gets a sentence for each step. Raises PortTakenError,
    PartFailedError or NoPostgresError.
    """
    tell = tell or _say_nothing
    require_free(ports)
    supervisor = Supervisor(tell=tell)
    with fresh_database("house") as database_url:
        try:
            house = open_house(
                supervisor, ports=ports, var=var, database_url=database_url, tell=tell, with_seed=with_seed
            )
            with watching(supervisor):
                yield house
        finally:
            supervisor.stop()


@contextlib.contextmanager
def lasting_house(*, ports: Ports, tell: Callable[[str], None]) -> Iterator[tuple[Supervisor, House]]:
    """Give the house of `make run`, whose database stays; the caller calls `watch` of the supervisor."""
    require_free(ports)
    supervisor = Supervisor(tell=tell)
    try:
        database_url = os.environ.get("DATABASE_URL") or _start_database(supervisor, tell)
        yield (
            supervisor,
            open_house(
                supervisor,
                ports=ports,
                var=var_folder(),
                database_url=database_url,
                tell=tell,
                with_seed=True,
            ),
        )
    finally:
        supervisor.stop()


def open_house(
    supervisor: Supervisor,
    *,
    ports: Ports,
    var: Path,
    database_url: str,
    tell: Callable[[str], None],
    with_seed: bool,
) -> House:
    """Prepare the database, start every part in order and make the sign-ins."""
    _show_assets(var)
    environment = environment_for(ports, var=var, database_url=database_url)
    tell("Preparing the tables ...")
    run_once(
        "migrate",
        this_python("tradepost.server", "migrate", "--no-input"),
        log=var / "log" / "migrate.log",
        environment=environment,
    )
    for part in programs(ports, var=var, environment=environment):
        tell(f"Starting the {part.name} ...")
        supervisor.start(part)
    sign_ins = ""
    if with_seed:
        tell("Making vendor, operator and sites ...")
        seed = this_python("tradepost.server", "seed", "--sample-url", ports.sample.url)
        sign_ins = run_once("seed", seed, log=var / "log" / "seed.log", environment=environment)
    return House(ports, database_url, var, environment, sign_ins)


def programs(ports: Ports, *, var: Path, environment: Mapping[str, str]) -> list[Program]:
    """Return the programs of the house in the order in which they start."""

    def program(name: str, module: str, *arguments: str, ready: str | None = None, **more: str) -> Program:
        return Program(
            name=name,
            command=this_python(module, *arguments),
            log=var / "log" / f"{name.replace(' ', '-')}.log",
            environment={**environment, **more},
            ready_url=ready,
        )

    mail = ["--smtp", str(ports.smtp), "--http", str(ports.mail)]
    sample = ["--listen", str(ports.sample), "--base-url", ports.sample.url]
    sample += ["--keys-url", f"{ports.host.url}/keys", "--state-dir", str(var / "sample")]
    listen = {name: ["web", name, "--listen", str(address)] for name, address in ports.items()}
    server = "tradepost.server"
    return [
        program("mail catcher", "tradepost.server.mailcatcher", *mail, ready=ports.mail.url),
        program(
            "marketplace",
            server,
            *listen["marketplace"],
            ready=ports.marketplace.url,
            TRADEPOST_SERVICE="marketplace",
        ),
        program("host service", server, *listen["host"], ready=ports.host.url, TRADEPOST_SERVICE="host"),
        program("worker", server, "worker", TRADEPOST_SERVICE="all"),
        program("sample app", "tradepost.sdk.sample", *sample, ready=ports.sample.url),
    ]


def environment_for(ports: Ports, *, var: Path, database_url: str) -> dict[str, str]:
    """Return the environment of every part; of closed networks only loopback is opened, for the sample."""
    ours = {
        "DATABASE_URL": database_url,
        "DJANGO_SETTINGS_MODULE": "tradepost.server.settings",
        "TRADEPOST_SERVICE": "all",
        "TRADEPOST_MARKETPLACE_URL": ports.marketplace.url,
        "TRADEPOST_HOST_URL": ports.host.url,
        "TRADEPOST_SMTP": str(ports.smtp),
        "TRADEPOST_SECRET_KEY_FILE": str(_secret_key_file(var)),
        "TRADEPOST_VAR": str(var),
        "PYTHONUNBUFFERED": "1",
    }
    defaults = {
        "TRADEPOST_DEVELOPMENT": "1",
        "TRADEPOST_SANDBOX": "1",
        "TRADEPOST_ALLOWED_NETWORKS": "127.0.0.0/8",
    }
    not_for_parts = ("TRADEPOST_PORT_", "TRADEPOST_POSTGRES_", "TRADEPOST_TEST_")
    inherited = {name: text for name, text in os.environ.items() if not name.startswith(not_for_parts)}
    return {**defaults, **inherited, **ours}


def _show_assets(var: Path) -> None:
    """Let another `var` than the project's use the front-end files that set-up has fetched there."""
    make_folder(var, 0o755)
    fetched = PROJECT / "var" / "assets"
    if fetched.is_dir() and not (var / "assets").exists():
        (var / "assets").symlink_to(fetched)


def _start_database(supervisor: Supervisor, tell: Callable[[str], None]) -> str:
    tell("Starting the database ...")
    server = OwnPostgres(database_folder("postgres"))
    supervisor.start(Database(server))
    return server.url()


def _secret_key_file(var: Path) -> Path:
    """Return the file with the key that encrypts secrets; a missing one is made, for its owner alone."""
    path = var / "secret-key"
    make_folder(var, 0o755)
    with contextlib.suppress(FileExistsError):
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_urlsafe(48) + "\n")
    return path


def summary(house: House) -> str:
    """Return what a person needs to begin: the addresses, the sign-ins, where the logs are."""
    folder = house.var / "log"
    logs = folder.relative_to(PROJECT) if folder.is_relative_to(PROJECT) else folder
    lines = [
        "",
        "Tradepost runs.",
        f"  Marketplace    {house.marketplace_url}",
        f"  Host service   {house.host_url}",
        f"  Sample app     {house.sample_url}",
        f"  Mail           {house.mail_url}   (SMTP at {house.ports.smtp})",
        f"  Logs           {logs}/",
        "",
        house.sign_ins.rstrip(),
        "",
        "Ctrl-C stops everything.",
    ]
    return "\n".join(lines)


def say(sentence: str) -> None:
    """Print a step for a person, on standard error."""
    print(sentence, file=sys.stderr, flush=True)  # noqa: T201


def _say_nothing(sentence: str) -> None:
    """Drop it: a test shows what went wrong by itself."""
