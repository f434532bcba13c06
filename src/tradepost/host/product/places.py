"""Where apps can appear on an issue: our names for the locations that descriptors use.

Templates say ours, since a location is a word of the wire. `embedding` renders what apps have for a location; menus
(the site's, a project's, a profile's, the administration's) it knows by names of its own.
"""

from collections.abc import Mapping
from types import MappingProxyType

PLACES: Mapping[str, str] = MappingProxyType(
    {
        "issue_left": "atl.jira.view.issue.left.context",
        "issue_right": "atl.jira.view.issue.right.context",
        "issue_operations": "operations-operations",
        "issue_tools": "jira.issue.tools",
        "issue_activity": "jira.issue.activity",
    }
)
"""The last is our own name for a place whose modules name no location."""
