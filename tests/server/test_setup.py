"""The front-end files, without the network: what npm would bring stands in a folder."""

import shutil

import pytest

from tradepost.server import setup


@pytest.fixture
def installed(tmp_path):
    for asset in setup.ASSETS:
        (tmp_path / asset).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / asset).write_text(asset)
    return tmp_path


def test_the_files_that_pages_use_are_copied_under_their_plain_names(installed, tmp_path):
    setup.copy_assets(installed, tmp_path / "vendor")

    assert (tmp_path / "vendor" / "htmx.min.js").read_text() == "htmx.org/dist/htmx.min.js"
    assert len(list((tmp_path / "vendor").iterdir())) == len(setup.ASSETS)


def test_a_file_that_is_not_in_its_package_is_named(installed, tmp_path):
    (installed / "uplot/dist/uPlot.min.css").unlink()

    with pytest.raises(setup.SetUpError, match=r"uPlot\.min\.css is not in its package"):
        setup.copy_assets(installed, tmp_path / "vendor")


@pytest.mark.parametrize(("printed", "version"), [("v20.1.0", 20), ("v9.0.0", 9), ("nonsense", 0)])
def test_an_old_or_odd_node_is_told_from_a_new_one(tmp_path, printed, version):
    node = tmp_path / "node"
    node.write_text(f"#!/bin/sh\necho {printed}\n")
    node.chmod(0o755)

    assert setup._major_version(str(node)) == version


def test_the_npm_of_this_machine_is_used_where_there_is_a_node(project):
    if not (shutil.which("node") and shutil.which("npm")):
        pytest.skip("there is no Node on this machine")

    assert setup.npm_command(project)[0].endswith("npm")
