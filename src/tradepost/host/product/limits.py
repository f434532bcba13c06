"""How much of everything the reference product takes. Texts are counted in characters, values in bytes of JSON."""

LONGEST_NAME = 80
"""Of a project, a status or a group."""

LONGEST_SUMMARY = 255
LONGEST_DESCRIPTION = 2_000
"""Of a project."""

LONGEST_TEXT = 32_767
"""Of an issue's description, or of one comment."""

LONGEST_PROPERTY_KEY = 127
LARGEST_PROPERTY = 32_768
MOST_PROPERTIES = 100
"""Of one issue, project or user."""

MOST_PROJECTS = 200
"""Of one site."""

MOST_GROUPS = 200
"""Of one site."""

MOST_COMMENTS = 5_000
"""Of one issue."""

LONGEST_QUERY = 2_000
"""Of a search."""

MOST_FOUND = 100
"""Rows of one page of an answer over REST."""
