"""A billing system: it speaks REST with a token that may do nothing else."""

from tests.marketplace.conftest import START
from tests.marketplace.licensing.acting import at
from tests.marketplace.test_rest import Program
from tests.marketplace.wire_client import APP, site_id


class BillingSystem:
    """Acts on the license of a site for an app; `now` is where domain time stands."""

    def __init__(self, caller, host):
        self.program, self.host = Program(caller, "licenses:write"), host
        self._payments = 0

    def get(self, path, *, now=START):
        with at(now):
            return self.program.get(path)

    def send(self, method, path, body=None, *, now=START):
        with at(now):
            return getattr(self.program, method)(path, body)

    def license(self, number=1, app=APP, *, now=START):
        """The license of a site, made where there is none."""
        told = {"host": str(self.host.pk), "site": str(site_id(number)), "app": app}
        answer = self.send("post", "/licenses", told, now=now)
        assert answer.status_code in {200, 201}, answer.content
        return answer.json()

    def act(self, what, *, number=1, now=START, **body):
        """One act on the license of a site; the answer."""
        path = f"/licenses/{self.license(number, now=now)['id']}/{what}"
        return self.send("post" if what in {"payments", "changes"} else "put", path, body, now=now)

    def does(self, what, **more):
        """An act that must be done; the license after it."""
        answer = self.act(what, **more)
        assert answer.status_code == 200, answer.content
        return answer.json()["license"]

    def pays(self, *, now=START, **more):
        """A payment under a new reference; the license after it."""
        self._payments += 1
        return self.does("payments", now=now, reference=f"invoice {self._payments}", **more)
