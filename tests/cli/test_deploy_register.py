"""`tradepost register`: once, and nothing of the manifest changes but the id."""

import stat

from tests.cli.deployhouse import APP_ID, Desk, manifest

from tradepost.foundation.clock import domain_now
from tradepost.marketplace.catalog import commands as catalog
from tradepost.marketplace.deployments.models import DeployedApp

BARE = "# Notes, by Acme\r\napp:\r\n    name: Notes   # shown to people\r\nmodules: {}\r\n"


def test_the_id_that_stands_in_the_manifest_is_registered_once(desk: Desk) -> None:
    before = (desk.folder / "manifest.yml").read_bytes()

    first = desk.run("register")
    assert (first.status, first.err) == (0, "")
    assert first.out == f"Notes is registered: {APP_ID}, of Acme.\n"
    again = desk.run("register", "Other name")
    assert (again.status, again.out) == (0, f"Notes is registered already: {APP_ID}, of Acme.\n")
    assert DeployedApp.objects.get().created_by == "vera@acme.test"
    assert (desk.folder / "manifest.yml").read_bytes() == before


def test_a_drawn_id_is_written_and_everything_else_stays(desk: Desk) -> None:
    place = desk.write(BARE)
    place.chmod(0o640)
    link = desk.folder / "link.yml"
    link.symlink_to(place.name)

    ended = desk.run("register", "--manifest", "link.yml", "--json")
    assert (ended.status, ended.err) == (0, "")
    app = DeployedApp.objects.get()
    assert app.app_id == ended.answer["app_id"]
    assert app.app_id.startswith("ari:tradepost:marketplace::app/")
    assert place.read_bytes().decode() == BARE.replace("    name", f"    id: {app.app_id}\r\n    name")
    assert link.is_symlink()
    assert stat.S_IMODE(place.stat().st_mode) == 0o640
    assert sorted(each.name for each in desk.folder.iterdir()) == ["link.yml", "manifest.yml"]
    assert "is registered already" in desk.run("register").out
    assert DeployedApp.objects.count() == 1


def test_a_refusal_leaves_the_manifest_as_it_was(desk: Desk) -> None:
    place = desk.write(BARE)

    for environment in ({"TRADEPOST_TOKEN": "tp_wrong"}, {"TRADEPOST_MARKETPLACE": "http://127.0.0.1:9"}):
        assert desk.run("register", **environment).status in {4, 5}
        assert place.read_bytes() == BARE.encode()
    named = desk.run("register", "x" * 500)
    assert (named.status, "/name" in named.err) == (1, True)
    assert place.read_bytes() == BARE.encode()
    assert not DeployedApp.objects.exists()


def test_an_id_of_somebody_else_is_refused_with_what_to_do(desk: Desk) -> None:
    desk.run("register")
    DeployedApp.objects.update(vendor=catalog.create_vendor("Other", "o@other.test", by=_operator(), now=domain_now()))

    ended = desk.run("register")
    assert (ended.status, ended.out) == (1, "")
    assert "Remove app.id from the manifest" in ended.err
    told = desk.run("register", "--json")
    assert (told.status, told.answer["rule"]) == (1, "app.id_taken")


def test_the_vendor_is_named_where_there_are_several(desk: Desk) -> None:
    other = catalog.create_vendor("Other Works", "o@other.test", by=_operator(), now=domain_now())
    catalog.set_member(other.pk, "vera@acme.test", "owner", by=_operator(), now=domain_now())

    unsaid = desk.run("register")
    assert (unsaid.status, "--vendor" in unsaid.err) == (1, True)
    wrong = desk.run("register", "--vendor", "Nobody")
    assert (wrong.status, "Other Works" in wrong.err) == (1, True)
    assert desk.run("register", "--vendor", "other works", "--json").answer["vendor"] == str(other.pk)
    desk.write(manifest(app={"name": "Second"}))
    assert desk.run("register", "--vendor", str(other.pk), "--json").answer["vendor_name"] == "Other Works"


def test_what_is_missing_is_asked_for_or_said(desk: Desk) -> None:
    desk.write(manifest(app={"id": APP_ID}))

    unnamed = desk.run("register", "--non-interactive")
    assert (unnamed.status, "tradepost register NAME" in unnamed.err) == (2, True)
    assert desk.typed(("register",), {"Name of the app: ": "Typed"}).status == 0
    assert DeployedApp.objects.get().name == "Typed"
    (desk.folder / "manifest.yml").unlink()
    assert desk.run("register").status == 2
    desk.write("app: [")
    unreadable = desk.run("register")
    assert (unreadable.status, "tradepost lint manifest.yml says why" in unreadable.err) == (1, True)
    desk.write("x: &a {name: N}\napp: *a\n")
    by_hand = desk.run("register")
    assert (by_hand.status, "by hand" in by_hand.err) == (1, True)
    assert DeployedApp.objects.count() == 1


def _operator():
    from tradepost.foundation.callers import Caller
    from tradepost.foundation.models import User

    return Caller(User.objects.get(email="operator@example.test"))
