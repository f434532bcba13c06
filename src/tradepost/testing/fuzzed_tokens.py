"""Random requests of apps with good and tampered tokens, drawn from a seed. Two verifiers must agree about them."""

import json
import random
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote

import jwt

from tradepost.core.signing import CONTEXT_HASH, query_hash

NOW = 1_800_000_000
CONTEXT_PATH = "/alpha"
SECRETS = {f"com.example.app-{number}": f"{number:02}" * 32 for number in range(8)}
CLIENT = "6a2d8a5c-0e2f-4c26-9df0-2f7e3c1d6f11"
METHODS = ("GET", "GET", "GET", "POST", "PUT", "DELETE", "PATCH", "get")


@dataclass(frozen=True, slots=True)
class Case:
    """A request as it stands on the wire with its token; `kind` says what was done to it."""

    kind: str
    app: str
    client: str
    method: str
    path: str
    query: str
    token: str


def usual_cases(lots: random.Random, count: int) -> Iterator[Case]:
    """What apps ask most: issues, searches, properties, their own entry; all tokens are good."""
    for _ in range(count):
        app, key = lots.choice(list(SECRETS)), f"PROJ-{lots.randrange(100_000)}"
        path, query = lots.choice(
            [
                (f"/rest/api/3/issue/{key}", ""),
                (f"/rest/api/3/issue/{key}", "fields=summary%2Cstatus&expand=names"),
                ("/rest/api/3/search", f"jql=project%20%3D%20{key[:4]}&startAt={lots.randrange(999)}&maxResults=50"),
                (f"/rest/api/3/issue/{key}/properties/settings", ""),
                (f"/rest/atlassian-connect/1/addons/{app}/properties/settings", "jsonValue=true"),
                (f"/rest/atlassian-connect/1/addons/{app}", ""),
            ]
        )
        yield signed(app, "GET", CONTEXT_PATH + path, query)


def fuzzed_cases(lots: random.Random, count: int) -> Iterator[Case]:
    """Any methods, paths and queries; every second token is tampered with or made for something else."""
    for _ in range(count):
        app, path = lots.choice(list(SECRETS)), CONTEXT_PATH + _path(lots)
        good = signed(app, lots.choice(METHODS), path, _query(lots))
        yield good if lots.random() < 0.5 else lots.choice(TAMPERINGS)(lots, good)


def signed(app: str, method: str, path: str, query: str, *, kind: str = "good", **changes: Any) -> Case:
    """A request with a token as an app makes it; None takes a claim away."""
    hashed = query_hash(method, path, query, base_path=CONTEXT_PATH)
    claims = {"iss": app, "iat": NOW - 5, "exp": NOW + 175, "aud": [CLIENT], "qsh": hashed} | changes
    said = {name: value for name, value in claims.items() if value is not None}
    return Case(kind, app, CLIENT, method, path, query, jwt.encode(said, SECRETS[app], algorithm="HS256"))


def _path(lots: random.Random) -> str:
    segments = ["".join(lots.choice(_IN_PATHS) for _ in range(lots.randrange(1, 9))) for _ in range(lots.randrange(5))]
    return "".join(f"/{segment}" for segment in segments) + lots.choice(["", "", "", "/" if segments else ""])


_IN_PATHS = [*"abcXYZ019-._~!$()*+,;=:@'", "%20", "%2F", "%2f", "%C3%A9", "%c3%a9", "&"]


def _query(lots: random.Random) -> str:
    names = [_text(lots, _IN_NAMES) for _ in range(lots.randrange(6))]
    names += [lots.choice(names)] * lots.randrange(3) if names else []
    lots.shuffle(names)
    return "&".join(f"{_spelled(lots, name)}{lots.choice(['=', '=', '=', ''])}{_value(lots)}" for name in names)


_IN_NAMES = [*"abAB19_.-~ :[$*'", "\u00e9", "\U0001f600"]
_IN_VALUES = [*"abAB19_.-~ +,;:/?@!$'()*[]{}|\"<>\\^`#%", "\u00e9", "\u5bae", "\U0001f600"]


def _text(lots: random.Random, letters: list[str]) -> str:
    return "".join(lots.choice(letters) for _ in range(lots.randrange(1, 6)))


def _value(lots: random.Random) -> str:
    if lots.random() < 0.05:
        return lots.choice(["%zz", "%", "a%4", "a==b", "=", "%FF", ""])
    return _spelled(lots, _text(lots, _IN_VALUES))


def _spelled(lots: random.Random, text: str) -> str:
    """Encoded strictly, as a form, or as little as can be."""
    kept = lots.choice(["~", "~", "!*'()~", "~:/?@!$'()*,;[]|"])
    encoded = quote(text, safe=kept)
    return encoded.replace("%20", "+") if lots.random() < 0.3 else encoded


def _other_method(lots: random.Random, case: Case) -> Case:
    others = [each for each in METHODS if each.upper() != case.method.upper()]
    return replace(case, kind="other method", method=lots.choice(others))


def _other_path(lots: random.Random, case: Case) -> Case:
    at = lots.randrange(len(CONTEXT_PATH), len(case.path) + 1)
    return replace(case, kind="other path", path=f"{case.path[:at]}x{case.path[at:]}")


def _other_query(lots: random.Random, case: Case) -> Case:
    more = lots.choice(["added=1", "jwt2=x", "JWT=x"])
    return replace(case, kind="other query", query=f"{case.query}&{more}" if case.query else more)


def _token_in_query(_lots: random.Random, case: Case) -> Case:
    query = f"{case.query}&jwt={case.token}" if case.query else f"jwt={case.token}"
    return replace(case, kind="token in the query", query=query)


def _bent(lots: random.Random, case: Case) -> Case:
    at = lots.randrange(len(case.token))
    letter = lots.choice([each for each in "Ab0-_.= +/" if each != case.token[at]])
    return replace(case, kind="bent", token=f"{case.token[:at]}{letter}{case.token[at + 1 :]}")


def _cut(lots: random.Random, case: Case) -> Case:
    return replace(case, kind="cut", token=case.token[: lots.randrange(len(case.token))])


def _algorithm(lots: random.Random, case: Case) -> Case:
    name = lots.choice(["none", "HS384", "HS512", "RS256", "hs256"])
    header = urlsafe_b64encode(json.dumps({"typ": "JWT", "alg": name}).encode()).rstrip(b"=").decode()
    _, payload, signature = case.token.split(".")
    return replace(case, kind=f"alg {name}", token=f"{header}.{payload}.{'' if name == 'none' else signature}")


def _other_secret(lots: random.Random, case: Case) -> Case:
    claims = jwt.decode(case.token, options={"verify_signature": False})
    other = lots.choice([secret for app, secret in SECRETS.items() if app != case.app])
    return replace(case, kind="other secret", token=jwt.encode(claims, other, algorithm="HS256"))


def _claims(lots: random.Random, case: Case) -> Case:
    changes: dict[str, Any] = lots.choice(
        [
            {"iss": None}, {"iss": "com.example.nobody"}, {"exp": None}, {"iat": None}, {"qsh": None}, {"qsh": ""},
            {"qsh": CONTEXT_HASH}, {"aud": ["somebody else"]}, {"aud": CLIENT}, {"aud": [CLIENT, "other"]},
            {"exp": NOW - 181}, {"exp": NOW - 179}, {"iat": NOW + 181}, {"iat": NOW + 179}, {"exp": "soon"},
        ]
    )  # fmt: skip
    return signed(case.app, case.method, case.path, case.query, kind=f"claims {changes}", **changes)


TAMPERINGS: tuple[Callable[[random.Random, Case], Case], ...] = (
    _other_method, _other_path, _other_query, _token_in_query, _bent, _cut, _algorithm, _other_secret, _claims,
)  # fmt: skip
