"""Sites that use access tokens, through their host service."""

from tests.marketplace.wire_client import APP, WireHost, site_id

from tradepost.foundation.models import AuditEntry

BY = "ann@site.test"


class Holder(WireHost):
    """Hands on what administrators of sites do with tokens."""

    def apply(self, secret, site=1, **more):
        return self.post("/wire/1/access-tokens/apply", {"site": str(site_id(site)), "token": secret, "by": BY, **more})

    def withdraw(self, site=1, app=APP):
        return self.post("/wire/1/access-tokens/remove", {"site": str(site_id(site)), "app": app, "by": BY})

    def simulate(self, site=1, app=APP, **what):
        told = {"site": str(site_id(site)), "app": app, "by": BY, **what}
        return self.post("/wire/1/access-tokens/simulate", told)


def decision(answer):
    """What the site has licensed now."""
    assert answer.status_code == 200, answer.content
    told = answer.json()
    return told.get("decision", told)


def refusal(answer):
    """Status and rule of what was refused."""
    return answer.status_code, answer.json().get("rule", "")


def acts(token):
    """What the audit log has of a token, the oldest first."""
    rows = AuditEntry.objects.filter(subject_kind="access_token", subject_id=str(token.pk))
    return list(rows.order_by("recorded_at").values_list("action", flat=True))
