"""The contract as an OpenAPI 3.1 document, made from the messages. docs/reference/wire.json is drawn from it."""

from typing import Any

import msgspec

from . import licenses
from . import messages as m

SEEN_BY = {
    "parameters": [
        {
            "name": "site",
            "in": "query",
            "description": "for which site, where the app is private",
            "schema": {"type": "string", "format": "uuid"},
        }
    ]
}
LICENSE_MESSAGES = [
    licenses.LicenseQuestions,
    licenses.LicenseDecisions,
    licenses.LicenseWish,
    licenses.SwitchQuestion,
    licenses.SwitchPreview,
    licenses.TokenApplication,
    licenses.TokenApplied,
    licenses.TokenRemoval,
    licenses.TokenSimulation,
]


def document() -> dict[str, Any]:
    """Return the OpenAPI document of version 1 of the contract."""
    bodies = [m.EnrolmentRequest, m.Enrolment, m.Check, m.CheckAnswer, m.Reports, m.ReportsAnswer, m.Catalog]
    bodies += [m.CatalogEntry, m.News, *LICENSE_MESSAGES]
    _, schemas = msgspec.json.schema_components(bodies, ref_template="#/components/schemas/{name}")
    return {
        "openapi": "3.1.0",
        "info": {"title": "Tradepost: marketplace and host service", "version": str(m.CONTRACT)},
        "paths": {
            f"{m.PREFIX}/enrolment": {
                "post": _call("Enrol with a one-time code", "EnrolmentRequest", "Enrolment", 201)
            },
            f"{m.PREFIX}/checks": {"post": _call("Ask what sites may move to", "Check", "CheckAnswer")},
            f"{m.PREFIX}/reports": {"post": _call("Say what installations run", "Reports", "ReportsAnswer")},
            f"{m.PREFIX}/apps": {"get": _call("List the public catalogue", None, "Catalog")},
            f"{m.PREFIX}/apps/{{key}}": {"get": _call("One app of the catalogue", None, "CatalogEntry") | SEEN_BY},
            f"{m.PREFIX}/descriptors/{{sha256}}": {"get": _call("The bytes of a descriptor", None, None)},
            f"{m.PREFIX}/manifests/{{sha256}}": {"get": _call("The bytes of a manifest", None, None)},
            **_license_paths(),
        },
        "webhooks": {
            "licenses": {
                "post": _call("Told to a host, signed: what its sites have licensed", "LicenseDecisions", None, 204)
            },
            "news": {"post": _call("Told to a host, signed: there are new versions, so ask soon", "News", None, 204)},
        },
        "components": {
            "schemas": schemas,
            "securitySchemes": {"credential": {"type": "http", "scheme": "bearer"}},
        },
        "security": [{"credential": []}],
    }


def _license_paths() -> dict[str, Any]:
    calls = (
        ("/licenses", "Ask what sites have licensed", "LicenseQuestions", "LicenseDecisions"),
        ("/licenses/wishes", "Begin a trial or change the edition", "LicenseWish", "LicenseDecision"),
        ("/licenses/preview", "Ask what another edition would mean", "SwitchQuestion", "SwitchPreview"),
        ("/access-tokens/apply", "Use an access token on a site", "TokenApplication", "TokenApplied"),
        ("/access-tokens/remove", "Use no access token any longer", "TokenRemoval", "LicenseDecision"),
        ("/access-tokens/simulate", "Change what a token looks like", "TokenSimulation", "LicenseDecision"),
    )
    declined = {"409": {"description": "declined; `rule` and `detail` of the problem say why"}}
    paths: dict[str, Any] = {}
    for path, summary, body, answer in calls:
        call = _call(summary, body, answer)
        call["responses"] |= declined
        paths[f"{m.PREFIX}{path}"] = {"post": call}
    return paths


def _call(summary: str, body: str | None, answer: str | None, status: int = 200) -> dict[str, Any]:
    content = (
        {"application/json": {"schema": {"$ref": f"#/components/schemas/{answer}"}}}
        if answer
        else {"application/json": {}}
    )
    call: dict[str, Any] = {
        "summary": summary,
        "responses": {
            str(status): {"description": "done", "content": content},
            "400": {"description": "the message cannot be read; the problem says where"},
            "401": {"description": "no or an unknown credential"},
            "404": {"description": "not there, or not this host's"},
            "429": {"description": "too much at once"},
        },
    }
    if body:
        schema = {"$ref": f"#/components/schemas/{body}"}
        call["requestBody"] = {"required": True, "content": {"application/json": {"schema": schema}}}
    return call
