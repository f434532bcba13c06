"""Small pieces that many pages show: times, states, reasons, pointers, the end of a page of rows."""

from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django import template
from django.template import Context
from django.utils.html import format_html
from django.utils.safestring import SafeString

register = template.Library()

# Words of states, from core/states and from what the foundation shows; other words get a plain badge.
GOOD = """active applied approved covered done enabled free linked listed offered public running sent succeeded up"""
BAD = """broken declined degraded failed given_up refused rejected revoked suspended unreachable"""
OPEN = """applying doing due held in_review installing invited needed pending queued scheduled submitted todo waiting"""
KINDS = {word: kind for kind, words in (("good", GOOD), ("bad", BAD), ("open", OPEN)) for word in words.split()}


@register.simple_tag(takes_context=True)
def when(context: Context, at: datetime | None, empty: str = "never") -> str:
    """Show an instant of domain time, absolute and from now; `empty` where there is none."""
    return _time(at, context.get("domain_time"), empty)


@register.simple_tag(takes_context=True)
def machine_when(context: Context, at: datetime | None, empty: str = "never") -> str:
    """Show an instant of machine time (tokens, mail, jobs), absolute and from now."""
    return _time(at, context.get("machine_time"), empty)


@register.simple_tag
def state(value: Any, label: str = "") -> SafeString:
    """Show a state as a badge; the word says it, the colour repeats it."""
    name = str(value)
    kind = KINDS.get(name, "plain")
    return format_html('<span class="badge badge-{}">{}</span>', kind, label or name.replace("_", " "))


@register.inclusion_tag("partials/reasons.html")
def reasons(found: Any) -> dict[str, Any]:
    """Show reasons (objects or their JSON): rule, pointer, sentence, whether consent is needed."""
    return {"reasons": [_reason(each) for each in found or ()]}


@register.simple_tag
def pointer(text: str) -> SafeString:
    """Show a JSON pointer; "" is the whole document."""
    return format_html("<code>{}</code>", text) if text else format_html("<span>{}</span>", "the whole document")


@register.simple_tag
def duration(span: timedelta | float | None) -> str:
    """Say a span of time in its two largest units."""
    if span is None:
        return ""
    return spoken(span if isinstance(span, timedelta) else timedelta(seconds=span))


@register.inclusion_tag("partials/older.html", takes_context=True)
def older(context: Context, cursor: str | None, label: str = "Older") -> dict[str, Any]:
    """Link to the page that follows, keeping the filter in the address; nothing on the last page."""
    request = context.get("request")
    kept = [(k, v) for k, v in request.GET.items() if k != "after"] if request else []
    return {"link": f"?{urlencode([*kept, ('after', cursor)])}" if cursor else None, "label": label}


@register.inclusion_tag("partials/field.html")
def field(bound: Any) -> dict[str, Any]:
    """Show a form field with its label, help and errors, tied together for screen readers."""
    has_more = [f"{bound.auto_id}_help"] if bound.help_text else []
    has_more += [f"{bound.auto_id}_errors"] if bound.errors else []
    attributes: dict[str, str] = {"aria-describedby": " ".join(has_more)} if has_more else {}
    if bound.errors:
        attributes["aria-invalid"] = "true"
    kind = getattr(bound.field.widget, "input_type", "")
    return {"field": bound, "control": bound.as_widget(attrs=attributes), "kind": kind, "is_group": bound.use_fieldset}


def spoken(span: timedelta) -> str:
    """Say how long: "3 d 4 h", "2 h 5 min", "40 s". Always without a sign."""
    seconds = int(abs(span.total_seconds()))
    units = [("d", seconds // 86_400), ("h", seconds // 3600 % 24), ("min", seconds // 60 % 60), ("s", seconds % 60)]
    first = next((i for i, (_, count) in enumerate(units) if count), len(units) - 1)
    shown = [f"{count} {unit}" for unit, count in units[first : first + 2] if count]
    return " ".join(shown) or "0 s"


def _time(at: datetime | None, now: datetime | None, empty: str) -> str:
    if at is None:
        return empty
    utc = at.astimezone(UTC)
    words = f"{utc:%Y-%m-%d %H:%M} UTC"
    if now is None:
        return format_html('<time datetime="{}">{}</time>', utc.isoformat(timespec="seconds"), words)
    span = utc - now
    near = (
        "now"
        if abs(span) < timedelta(seconds=1)
        else f"in {spoken(span)}"
        if span > timedelta(0)
        else f"{spoken(span)} ago"
    )
    return format_html(
        '<time datetime="{}" data-now="{}" title="{}">{} <small>({})</small></time>',
        utc.isoformat(timespec="seconds"),
        now.isoformat(timespec="seconds"),
        utc.isoformat(timespec="seconds"),
        words,
        near,
    )


def _reason(found: Any) -> dict[str, Any]:
    names = ("rule", "pointer", "text", "change", "consent")
    if isinstance(found, dict):
        return {name: found.get(name, "") for name in names}
    return {name: getattr(found, name, "") for name in names}
