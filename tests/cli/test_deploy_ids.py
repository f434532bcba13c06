"""Writing `app.id` into a manifest changes nothing else of its text."""

import pytest
import yaml

from tradepost.cli.vendor.writing_ids import CannotWriteError, with_app_id

ID = "ari:tradepost:marketplace::app/7f2b"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("app:\n  name: Notes\n", f"app:\n  id: {ID}\n  name: Notes\n"),
        (
            "# ours\napp: # the app\n    # its name\n    name: 'Notes'",
            f"# ours\napp: # the app\n    # its name\n    id: {ID}\n    name: 'Notes'",
        ),
        ("modules: {}\r\napp:\r\n  name: Notes\r\n", f"modules: {{}}\r\napp:\r\n  id: {ID}\r\n  name: Notes\r\n"),
        ("app:\n", f"app:\n  id: {ID}\n"),
        ("app:", f"app:\n  id: {ID}"),
        ("app: # nothing yet\nmodules: {}\n", f"app: # nothing yet\n  id: {ID}\nmodules: {{}}\n"),
        ("app:\n  id:\n  name: Notes\n", f"app:\n  id: {ID}\n  name: Notes\n"),
        ("app:\n  id: ''   # drawn later\n", f"app:\n  id: {ID}   # drawn later\n"),
        ('app:\n  name: N\n  "id": ""\n', f'app:\n  name: N\n  "id": "{ID}"\n'),
        ("app: {name: Notes}\n", f'app: {{"id": "{ID}", name: Notes}}\n'),
        ("app: {}\n", f'app: {{"id": "{ID}"}}\n'),
        ('{"app": {"name": "Notes"}, "x": 1}', f'{{"app": {{"id": "{ID}", "name": "Notes"}}, "x": 1}}'),
        ('{"app": {"name": "N", "id": null}}', f'{{"app": {{"name": "N", "id": "{ID}"}}}}'),
        ("modules: {}\n", f"app:\n  id: {ID}\nmodules: {{}}\n"),
        ("---\n# first\nmodules: {}\n...\n", f"---\n# first\napp:\n  id: {ID}\nmodules: {{}}\n...\n"),
        ("{modules: {}}\n", f'{{"app": {{"id": "{ID}"}}, modules: {{}}}}\n'),
        ("\ufeffapp:\n  name: N\u00f6tes\n", f"\ufeffapp:\n  id: {ID}\n  name: N\u00f6tes\n"),
        ("x: &a {name: N}\napp:\n  <<: *a\n  b: 1\n", f"x: &a {{name: N}}\napp:\n  <<: *a\n  id: {ID}\n  b: 1\n"),
    ],
)  # fmt: skip
def test_the_id_is_put_in_and_all_else_stays_byte_by_byte(before: str, after: str) -> None:
    written = with_app_id(before.encode(), ID)

    assert written.decode() == after
    assert yaml.safe_load(written)["app"]["id"] == ID


@pytest.mark.parametrize(
    "text",
    ["x: &a {name: N}\napp: *a\n", "app: [1]\n", "app: notes\n", "- a\n", "a: [", "app: ~\n", ""],
)
def test_where_more_would_change_nothing_is_written(text: str) -> None:
    with pytest.raises(CannotWriteError):
        with_app_id(text.encode(), ID)
