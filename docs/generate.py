"""Fill the slots of the documents and draw their plots, from benchmarks/results/, the package and --help.

    python docs/generate.py            fill and draw
    python docs/generate.py --check    only name what is stale; exit 1 if anything is

A slot is text between two HTML comments, which Markdown does not show. Its name says which function makes the text:

    It takes <!--speed.fast-->6.7<!--/--> s.    values.speed()["fast"], a short text within a line
    <!-- begin: waits -->                       tables.waits(), whole lines
    <!-- end: waits -->

Every public function of values, tables and plots is used by a document.
"""

import argparse
import re
import sys
from collections.abc import Callable
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

import plots
import tables
import values
from results import ROOT

DOCUMENTS = (
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "src/mnist_cnn/read/models/README.md")),
    *sorted((ROOT / "docs").glob("*.md")),
)
PART = re.compile(
    r"""
    (?P<example> ^```markdown$ .*? ^```$ )
    | (?P<code> ^``` .*? ^```$ | `[^`\n]*` )
    | ^<!--\ begin:\ (?P<table>\w+)\ -->\n (?:(?!<!--).)* ^<!--\ end:\ (?P=table)\ -->$
    | <!--(?P<value>[\w.]+)--> [^<\n]* <!--/-->
    | (?P<comment> <!--[^\n]* )
    """,
    re.S | re.M | re.X,
)
"""What a document has besides text, from the left. Comments in code are shown, so they are slots only in examples."""


def public(module: ModuleType) -> dict[str, Callable[[], Any]]:
    """Return the module's own public functions by name."""
    functions = {name: found for name, found in vars(module).items() if isinstance(found, FunctionType)}
    return {
        name: found
        for name, found in functions.items()
        if found.__module__ == module.__name__ and not name.startswith("_")
    }


def contents() -> dict[str, str]:
    """Return the content of every slot by its name."""
    short = {f"{name}.{key}": text for name, found in public(values).items() for key, text in found().items()}
    return short | {name: found() + "\n" for name, found in public(tables).items()}


def filled(text: str, slots: dict[str, str]) -> str:
    """Return a document with its slots filled. Raises ValueError for one that is unknown, unclosed or misplaced."""

    def content(part: re.Match[str]) -> str:
        line = f"line {text.count(chr(10), 0, part.start()) + 1}"
        if part["example"] or (part["code"] and "<!--" not in part["code"]):
            return part[0]
        if part["code"]:
            raise ValueError(f"{line}: a slot in code is shown with its comments: {part[0][:80]}")
        if part["comment"]:
            raise ValueError(f"{line}: not a slot, or not closed: {part[0][:80]}")
        name = part["table"] or part["value"]
        if name not in slots:
            raise ValueError(f"{line}: unknown slot {name}; expected a name of docs/values.py or docs/tables.py")
        if part["table"]:
            return f"<!-- begin: {name} -->\n{slots[name]}<!-- end: {name} -->"
        if not text[text.rfind("\n", 0, part.start()) + 1 : part.start()].strip(" >*+-"):
            raise ValueError(f"{line}: Markdown takes a line that starts with a slot as HTML; put a word before it")
        return f"<!--{name}-->{slots[name]}<!--/-->"

    return PART.sub(content, text)


def names(text: str) -> set[str]:
    """Return the names of a document's slots."""
    return {part["table"] or part["value"] for part in PART.finditer(text)} - {None}


def generated(documents: dict[Path, str], slots: dict[str, str]) -> dict[Path, str]:
    """Return the documents filled. Raises ValueError, with the file's name, or for a slot that none of them uses."""
    result = {}
    for file, text in documents.items():
        try:
            result[file] = filled(text, slots)
        except ValueError as error:
            raise ValueError(f"{file}: {error}") from None
    if unused := set(slots) - {name for text in documents.values() for name in names(text)}:
        raise ValueError(f"no document uses: {', '.join(sorted(unused))}; remove them from docs/values.py or tables.py")
    return result


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if a document or plot is stale")
    check = parser.parse_args(arguments).check
    try:
        content = generated({file: file.read_text("utf-8") for file in DOCUMENTS}, contents())
    except ValueError as error:
        print(f"docs/generate.py: {error}", file=sys.stderr)
        return 2
    content |= {ROOT / f"docs/pictures/{name}.svg": found() for name, found in public(plots).items()}
    stale = [file for file, text in content.items() if not file.exists() or file.read_text("utf-8") != text]
    for file in stale:
        print(f"{file.relative_to(ROOT)}: {'stale; run `make docs`' if check else 'written'}")
        if not check:
            file.write_text(content[file], "utf-8")
    return int(check and bool(stale))


if __name__ == "__main__":
    sys.exit(main())
