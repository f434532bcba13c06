"""What the tests of the documentation read from Markdown pages: fenced blocks, links, headings, code spans."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
_FENCE = re.compile(r"^(?P<indent> *)```(?P<info>[^\n`]*)$")
_COMMENT = re.compile(r"^\s*<!-- (?P<name>shown|file): (?P<text>.+?) -->\s*$")
_LINK = re.compile(r"(?<!!)\[(?:[^\]\[]|\[[^\]]*\])*\]\((?P<target>[^)\s]+)\)")
_CODE = re.compile(r"`[^`\n]*`")


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block. `shown` says why it is not run, `file` under which name it is written for later blocks."""

    page: Path
    line: int
    language: str
    mode: str
    text: str
    shown: str
    file: str

    @property
    def place(self) -> str:
        return f"{self.page.relative_to(PROJECT)}:{self.line}"


def pages() -> list[Path]:
    """Return every page that people read."""
    tops = [PROJECT / name for name in ("README.md", "CONTRIBUTING.md", "STYLE.md", "CHANGELOG.md")]
    below = [path for folder in ("docs", "changes") for path in sorted((PROJECT / folder).rglob("*.md"))]
    return [path for path in tops if path.exists()] + below


def blocks(page: Path) -> Iterator[Block]:
    """Yield the fenced blocks of a page. The comment that speaks of a block stands on the line before it."""
    lines = page.read_text(encoding="utf-8").splitlines()
    number = 0
    while number < len(lines):
        opening = _FENCE.match(lines[number])
        if opening is None:
            number += 1
            continue
        indent = len(opening["indent"])
        end = next(n for n in range(number + 1, len(lines)) if lines[n].strip() == "```")
        said = _COMMENT.match(lines[number - 1]) if number else None
        language, _, mode = opening["info"].strip().partition(" ")
        yield Block(
            page=page,
            line=number + 1,
            language=language,
            mode=mode.strip(),
            text="".join(f"{line[indent:]}\n" for line in lines[number + 1 : end]),
            shown=said["text"] if said and said["name"] == "shown" else "",
            file=said["text"] if said and said["name"] == "file" else "",
        )
        number = end + 1


def prose(page: Path) -> str:
    """Return the text of a page without its fenced blocks."""
    kept, inside = [], False
    for line in page.read_text(encoding="utf-8").splitlines():
        if line.strip().startswith("```"):
            inside = not inside
        elif not inside:
            kept.append(line)
    return "\n".join(kept)


def links(page: Path) -> list[str]:
    """Return the targets of the links of a page that lead to files or to places in files."""
    found = [match["target"] for match in _LINK.finditer(_CODE.sub("", prose(page)))]
    return [target for target in found if not re.match(r"[a-z]+:", target)]


def anchors(page: Path) -> set[str]:
    """Return the anchors of a page's headings, as code hosts make them."""
    headings = re.findall(r"^#+ (.+)$", prose(page), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


def code_spans(page: Path) -> list[str]:
    """Return what stands between single backticks."""
    return [span.strip("`") for span in _CODE.findall(prose(page))]
