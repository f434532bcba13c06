"""A vendor with one app, as a program of its own: ``python -m tradepost.sdk.sample --help``.

It serves a descriptor, answers lifecycle calls with every check, and has a control side on which a
person, a demo or a test plays the vendor: changes the descriptor, deploys new code, breaks things.
"""
