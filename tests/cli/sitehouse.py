"""A host service on a real port with a site and an app, and the command as scripts run it against that."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from tests.host.conftest import World
from tests.host.upm.devapps import DevApp

from tradepost.foundation import tokens
from tradepost.foundation.callers import SCOPES, Caller
from tradepost.foundation.clock import domain_now, machine_now
from tradepost.foundation.models import AuditEntry
from tradepost.host.installing.models import Installation
from tradepost.host.sites.models import Site
from tradepost.host.upgrading.calling import call_due
from tradepost.host.upgrading.running import upgrade_due
from tradepost.host.upm.requests import carry_out_requests, install_by_address
from tradepost.host.webhooks.delivering import deliver_due

COMMAND = Path(sys.executable).with_name("tradepost")
SECONDS = 60


@dataclass
class Ended:
    """What a command left behind."""

    status: int
    out: str
    err: str

    @property
    def answer(self) -> Any:
        """Standard output, which is one JSON value and nothing else."""
        return json.loads(self.out)


@dataclass
class SiteHouse:
    """One site with an administrator, an app in development, and an operator's token."""

    url: str
    world: World
    site: Site
    app: DevApp
    token: str

    @property
    def admin(self) -> Caller:
        return self.world.admins[self.site.pk]

    def run(self, *arguments: str, meanwhile: Callable[[], Any] | None = None, **environment: str) -> Ended:
        """Run the command as the operator; workers work `meanwhile`."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("TRADEPOST_")}
        known = {"TRADEPOST_HOST_URL": self.url, "TRADEPOST_TOKEN": self.token} | environment
        with subprocess.Popen(
            [COMMAND, *arguments],
            env=kept | known,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
        ) as child:
            for _ in range(SECONDS * 10):
                try:
                    out, err = child.communicate(timeout=0.1 if meanwhile else SECONDS)
                except subprocess.TimeoutExpired:
                    if meanwhile is not None:
                        meanwhile()
                    continue
                return Ended(child.returncode, out, err)
            child.kill()
        raise AssertionError(f"{arguments} did not end")

    def work(self) -> None:
        """Let the workers take up what is due."""
        now = domain_now()
        while carry_out_requests(now) or upgrade_due(now) or call_due(now) or deliver_due(now):
            pass

    def install(self, **modules: Any) -> Installation:
        """Put the app on the site."""
        self.app.change(modules=modules)
        install_by_address(self.site.pk, self.app.address, by=self.admin, now=domain_now())
        self.work()
        return Installation.objects.get(site=self.site, app_key=self.app.document["key"])

    def audited(self, action: str) -> list[AuditEntry]:
        return list(AuditEntry.objects.filter(action=action).order_by("at"))


def token_of(caller: Caller, *scopes: str, **life: float) -> str:
    """A token for the API, by default with all scopes an operator can have."""
    _, plain = tokens.make_token(
        by=caller, name="script", scopes=scopes or tuple(SCOPES), expires_in=timedelta(**(life or {"days": 1})),
        service="host", now=machine_now(),
    )  # fmt: skip
    return plain
