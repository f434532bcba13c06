"""Frames of apps on the page that a person has open."""

from playwright.sync_api import Frame


def frame_of(person, app, module: str) -> Frame:
    """The frame of a module on the page that the person has open, once its script has done what it begins with."""
    element = person.page.wait_for_selector(f'iframe[data-app="{app.key}"][data-module="{module}"]', state="attached")
    frame = element.content_frame()
    assert frame is not None
    frame.wait_for_selector("body[data-ready]", state="attached")
    return frame
