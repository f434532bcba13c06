"""The address of the build that runs this command, as build services tell it to what they run."""

from collections.abc import Callable, Mapping
from urllib.parse import quote, urlsplit, urlunsplit

LONGEST = 500

_Environment = Mapping[str, str]


def run_url(environment: _Environment) -> str:
    """Where people see the build; empty where none runs or its address cannot be told.

    A user and a password in it are left out: some services put a key there.
    """
    for find in (_github, _gitlab, _azure, _semaphore, *map(_named, _WHOLE)):
        found = without_user(find(environment))
        if found:
            return found
    return ""


def without_user(text: str) -> str:
    """The web address without user and password; empty for anything that is none, or is too long."""
    try:
        parts = urlsplit(text.strip())
        host, port = parts.hostname, parts.port
    except ValueError:
        return ""
    if parts.scheme not in {"http", "https"} or not host:
        return ""
    shown = f"[{host}]" if ":" in host else host
    found = urlunsplit((parts.scheme, f"{shown}:{port}" if port else shown, parts.path, parts.query, parts.fragment))
    return found if len(found) <= LONGEST and found.isprintable() and " " not in found else ""


_WHOLE = (
    "BUILDKITE_BUILD_URL",
    "CIRCLE_BUILD_URL",
    "TRAVIS_BUILD_WEB_URL",
    "DRONE_BUILD_LINK",
    "CI_PIPELINE_URL",
    "BUILD_URL",
)
"""Variables that hold the whole address: Buildkite, CircleCI, Travis, Drone, Woodpecker, Jenkins."""


def _named(name: str) -> Callable[[_Environment], str]:
    return lambda environment: environment.get(name, "")


def _github(environment: _Environment) -> str:
    server, repository = environment.get("GITHUB_SERVER_URL", ""), environment.get("GITHUB_REPOSITORY", "")
    run, attempt = environment.get("GITHUB_RUN_ID", ""), environment.get("GITHUB_RUN_ATTEMPT", "")
    if not (server and repository and run):
        return ""
    return f"{server}/{repository}/actions/runs/{run}" + (f"/attempts/{attempt}" if attempt else "")


def _gitlab(environment: _Environment) -> str:
    return environment.get("CI_JOB_URL", "")


def _azure(environment: _Environment) -> str:
    base, project = environment.get("SYSTEM_COLLECTIONURI", ""), environment.get("SYSTEM_TEAMPROJECT", "")
    build = environment.get("BUILD_BUILDID", "")
    if not (base and project and build):
        return ""
    return f"{base.rstrip('/')}/{quote(project)}/_build/results?buildId={build}"


def _semaphore(environment: _Environment) -> str:
    base, workflow = environment.get("SEMAPHORE_ORGANIZATION_URL", ""), environment.get("SEMAPHORE_WORKFLOW_ID", "")
    return f"{base}/workflows/{workflow}" if base and workflow else ""
