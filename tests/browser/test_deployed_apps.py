"""An administrator's days with an app that becomes a deployed one: its turn, a minor, a major, and code ahead."""

import json
import urllib.request
from datetime import datetime, timedelta

import pytest
from playwright.sync_api import expect

from tradepost.core.manifest_writing import manifest_of

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

CHECK = timedelta(hours=24, minutes=2)
SOON = timedelta(minutes=10)
WINDOW = timedelta(hours=4, minutes=10)


class Deployer:
    """The vendor of the app, over REST."""

    def __init__(self, cast, app):
        self.cast = cast
        with urllib.request.urlopen(app.descriptor_url, timeout=15) as answer:
            self.manifest = manifest_of(json.load(answer)).document
        made = cast.vendor.post("/api/1/deployed-apps", {"name": app.name})
        self.path = f"/api/1/deployed-apps/{made['id']}"
        self.manifest["app"]["id"] = made["app_id"]

    def deploy(self):
        """Deploy the manifest to production, whatever it is; return its number."""
        wish = {"environment": "production", "manifest": json.dumps(self.manifest), "approve_major": True}
        return self.cast.vendor.post(f"{self.path}/deployments", wish)["version"]

    def roll_out(self, major):
        """Start a rollout from a major to the newest version; return of which kind it is."""
        wish = {"environment": "production", "from_major": major}
        return self.cast.vendor.post(f"{self.path}/rollouts", wish)["kind"]


@pytest.fixture
def deployer(cast, installed_app):
    return Deployer(cast, installed_app)


def test_an_administrator_lives_with_a_deployed_app(deployer, administrator, cast, alpha, installed_app):
    key = installed_app.key
    page = f"/alpha/apps/{key}/"
    _become_deployed(deployer, administrator, cast, alpha, key)
    administrator.sees("a watched app before, a deployed one since")

    _get_a_minor(deployer, cast, alpha, key)
    administrator.open(page)
    administrator.sees("by deployments of its vendor: major 2, minor 1", "1 module not rendered here")
    administrator.main.get_by_text("1 module not rendered here").click()
    expect(administrator.main.get_by_role("row", name="macro")).to_contain_text("/modules/macro/0")
    administrator.photograph("site-deployed-app")

    _decide_on_a_major(deployer, administrator, cast, alpha, key)
    _grant_later(deployer, administrator, cast, alpha, key)
    administrator.open(f"{page}upgrades/")
    administrator.sees("code only; permissions unchanged", "permissions only; code unchanged")
    administrator.photograph("site-deployed-app-upgrades")


def _become_deployed(deployer, administrator, cast, alpha, key):
    """No right rises: the page says so and when it comes. The administrator does not wait for the site's turn."""
    assert deployer.deploy() == "2.0.0"
    waiting = cast.operator.get("/api/1/reviews?state=waiting")["items"]
    review = next(item["id"] for item in waiting if item["app"] == key)
    cast.operator.put(f"/api/1/reviews/{review}/decision", {"decision": "approve", "comment": ""})
    assert cast.clock.run_until(lambda: alpha.app(key)["newest"] == "2.0.0", within=CHECK) is not None
    if alpha.runs(key) == "2.0.0":
        administrator.open(f"/alpha/apps/{key}/")
        return  # the turn of this site came first
    administrator.open(f"/alpha/apps/{key}/")
    administrator.sees("Version 2.0.0 comes by itself on", "so nobody is asked although it is another major")
    administrator.photograph("site-deployed-app-turn")
    administrator.press("Update now")
    administrator.sees("The site moves to the new version now.")
    expect(administrator.fact("Runs")).to_have_text("version 2.0.0")


def _get_a_minor(deployer, cast, alpha, key):
    """A module that nothing here can show makes a minor; it comes within minutes."""
    deployer.manifest["modules"] = {"macro": [{"key": "poll", "title": "Poll"}]}
    assert deployer.deploy() == "2.1.0"
    _hear(cast, alpha, key, "2.1.0")
    assert alpha.runs(key) == "2.1.0"


def _decide_on_a_major(deployer, administrator, cast, alpha, key):
    """Side by side on the page to which the mail leads."""
    deployer.manifest["permissions"]["external"] = {"images": ["https://pictures.example"]}
    assert deployer.deploy() == "3.0.0"
    assert cast.clock.run_until(lambda: alpha.app(key)["newest"] == "3.0.0", within=CHECK) is not None
    administrator.open(f"/approvals/{alpha.request('waiting')['id']}")
    administrator.sees("Version 3.0.0 asks for more", "Minor versions of major 2 keep coming by themselves")
    new = administrator.main.get_by_role("row", name="Its pages load images from https://pictures.example")
    expect(new).to_contain_text("new")
    administrator.photograph("site-deployed-app-major")
    administrator.press("Approve")
    administrator.sees("Approved. The site moves to version 3.0.0 at once.")
    expect(administrator.fact("Runs")).to_have_text("version 3.0.0")


def _grant_later(deployer, administrator, cast, alpha, key):
    """The vendor rolls code out ahead of permissions; the administrator grants them afterwards."""
    permissions = deployer.manifest["permissions"]
    permissions["enforcement"] = "app-managed"
    permissions["scopes"] = [*permissions["scopes"], "admin:connect-jira"]
    assert deployer.deploy() == "4.0.0"
    assert deployer.roll_out(3) == "rolling"
    _hear(cast, alpha, key, "4.0.0")
    administrator.open(f"/alpha/apps/{key}/")
    administrator.sees(
        "those of version 3.0.0, which this site has granted", "Version 4.0.0 runs here and asks for more"
    )
    expect(administrator.main.locator(".rights").first).not_to_contain_text("(ADMIN)")
    administrator.photograph("site-deployed-app-ahead")
    administrator.press("Approve")
    administrator.sees("Approved. Version 4.0.0 gets what it asks at once.")
    cast.clock.settle()
    administrator.page.reload()
    expect(administrator.main.locator(".rights").first).to_contain_text("(ADMIN)")
    administrator.sees_not("which this site has granted")


def _hear(cast, alpha, key, number):
    """The host was told, which takes seconds of the machine's clock; then the site asks soon, and runs it at the end
    of its maintenance window at the latest.
    """

    def told():
        due = datetime.fromisoformat(alpha.itself()["next_check_at"])
        return alpha.runs(key) == number or due <= cast.clock.now() + SOON

    assert cast.clock.wait_until(told)
    assert cast.clock.run_until(lambda: alpha.runs(key) == number, within=WINDOW) is not None, alpha.app(key)
