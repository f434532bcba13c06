"""How much of everything the reference product takes. Texts are counted in characters, values in bytes of JSON."""

LONGEST_NAME = 80
"""the name of a project, a status or a group"""

LONGEST_SUMMARY = 255
"""the summary of an issue"""

LONGEST_DESCRIPTION = 2_000
"""the description of a project"""

LONGEST_TEXT = 32_767
"""the description of an issue, or one comment"""

LONGEST_PROPERTY_KEY = 127
"""the key of an entity property"""

LARGEST_PROPERTY = 32_768
"""the value of an entity property, in bytes"""

MOST_PROPERTIES = 100
"""properties of one issue, project or user"""

MOST_PROJECTS = 200
"""projects of one site"""

MOST_GROUPS = 200
"""groups of one site"""

MOST_COMMENTS = 5_000
"""comments on one issue"""

LONGEST_QUERY = 2_000
"""the text of a search for issues"""

MOST_FOUND = 100
"""rows of one answer over REST"""
