"""What a vendor puts into the description of a build, complete but for how the command line gets there."""

import shlex
from dataclasses import dataclass
from urllib.parse import quote

# Names of the command line's variables; `tradepost deploy --help` tells them.
MARKETPLACE, IDENTITY, TOKEN = "TRADEPOST_MARKETPLACE", "TRADEPOST_IDENTITY_TOKEN", "TRADEPOST_TOKEN"


@dataclass(frozen=True, slots=True)
class Snippet:
    """One way to deploy from a build: `text` is YAML or a shell script; `claims` fit a build that runs it."""

    name: str
    title: str
    text: str
    claims: str = ""


def snippets_for(app_id: str, *, environment: str, marketplace: str) -> tuple[Snippet, ...]:
    """The ways to deploy an app to an environment of the marketplace at an address."""
    return (
        _asking(environment, marketplace),
        _given(environment, marketplace),
        _by_hand(app_id, environment, marketplace),
        _with_token(environment, marketplace),
    )


def _asking(environment: str, marketplace: str) -> Snippet:
    """Where a job asks for its identity token, as in GitHub Actions."""
    text = f"""name: Deploy
on:
  push:
    branches: [main]
jobs:
  deploy:
    runs-on: ubuntu-latest
    environment: {environment}
    permissions:
      contents: read
      id-token: write
    env:
      {MARKETPLACE}: {marketplace}
    steps:
      - uses: actions/checkout@v4
      # Install the command line here.
      - run: |
          {IDENTITY}="$(curl --fail --silent --show-error \\
            -H "Authorization: Bearer $ACTIONS_ID_TOKEN_REQUEST_TOKEN" \\
            "$ACTIONS_ID_TOKEN_REQUEST_URL&audience={quote(marketplace, safe="")}" | jq -r .value)"
          export {IDENTITY}
          tradepost deploy -e {environment} --non-interactive
"""
    claims = f"repository: acme/notes\nref: refs/heads/main\nenvironment: {environment}"
    return Snippet("asking", "A job asks for its identity token, as in GitHub Actions", text, claims)


def _given(environment: str, marketplace: str) -> Snippet:
    """Where a job is given its identity token, as in GitLab CI."""
    text = f"""deploy:
  rules:
    - if: $CI_COMMIT_BRANCH == "main"
  environment: {environment}
  variables:
    {MARKETPLACE}: {marketplace}
  id_tokens:
    {IDENTITY}:
      aud: {marketplace}
  script:
    # Install the command line here.
    - tradepost deploy -e {environment} --non-interactive
"""
    claims = f"project_path: acme/notes\nref_type: branch\nref: main\nenvironment: {environment}"
    return Snippet("given", "A job is given its identity token, as in GitLab CI", text, claims)


def _by_hand(app_id: str, environment: str, marketplace: str) -> Snippet:
    text = f"""# {IDENTITY} holds a token of the issuer with aud {marketplace}
{TOKEN}="$(jq -n --arg app {shlex.quote(app_id)} --arg token "${IDENTITY}" \\
    '{{app_id: $app, environment: "{environment}", identity_token: $token}}' |
  curl --fail --silent --show-error -H "Content-Type: application/json" --data @- \\
    {marketplace}/api/1/identity-exchange | jq -r .token)"
"""
    return Snippet("by-hand", "Any other build: exchange the token by REST", text)


def _with_token(environment: str, marketplace: str) -> Snippet:
    text = f"""# {TOKEN} comes from the secrets of your build service
export {MARKETPLACE}={marketplace}
tradepost deploy -e {environment} --non-interactive
"""
    return Snippet("with-token", "With a deploy token", text)
