"""`make demo`: the story of one app, told by the running house itself."""
