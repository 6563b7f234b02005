"""Plain English: phrases that read as translated do not come back, in documents, help texts, code or tests."""

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FILES = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\n")
TEXTS = (
    ".md",
    ".py",
    ".js",
    ".html",
    ".j2",
    ".toml",
    ".yml",
    ".yaml",
    ".cff",
    "Makefile",
    "Dockerfile",
    "/run",
    "ignore",
)
EXEMPT = ("LOG.md", "LICENSE", "tests/test_language.py", "src/mnist_cnn/mnist/files/")
"""The log is a record: its old entries stay as they were written."""

THING = "line|row|node|word|bin|image|file|thread|process|job|script|page"
UNIT = "digit|epoch|request|image|layer|core|row|picture|page|word|recipe|question|run|glyph|strip"
BANNED = {
    r"\banew\b": "again",
    r"\bgo(es)? on\b": "continue, resume",
    r"\bwent on\b": "continued, resumed",
    r"(?<!there )(?<!which )\bis no (?!longer|more than)": "is not a",
    r"(?<!there )\bare none\b": "are not",
    r"\bif (it|that|one) is none\b": "if it is not one",
    r"\bso many\b|\bso much\b|\bso few\b": "the number, N",
    r"so-manieth|\bevery so\b": "every N-th",
    r"\bfor want of\b": "for lack of, out of",
    r"\bcome again\b": "retry",
    r"\bwhat it bears\b": "load test",
    r"\bhand(s|ed)? (it |them |that )?out\b": "serve",
    r"\bspoil(t|s|ed)?\b": "corrupt",
    r"\bput(s)? right\b": "correct",
    r"\ball along\b": "throughout",
    r"\bas (it|they) (is|are)\b(?! (the|a|an|in|on|for|not)\b)": "unchanged",
    r"\b(is|are|was|were|be|been) told\b": "is reported",
    r"\b(with|in|by) a word\b": "with an error, with a message",
    r"\bchatter\b": "messages",
    rf"\b({THING}|one) an? ({UNIT})\b": "per",
    r"\b(requests|pictures|images|steps|rows|digits|\d[\d,.]*) an? (second|minute|hour|core|day)\b": "per",
    r"\bby heart\b|\bof late\b|\bat a stroke\b": "a standard phrase",
    r"\bin its turn\b|\bin turn of\b": "then",
    r"\bof (ours|theirs|hers)\b": "our own, their own",
    r"\bnobody (needs|knows|else)\b": "a neutral sentence",
    r"\bhow sure it (may|is)\b": "confidence",
    r"\bwhat (wants|lacks|stands|hangs)\b": "name the thing",
    r"\bhangs on\b": "depends on",
    r"\bno digit at all\b": "not a digit",
    r"\bwhoever\b|\bwhatever\b": "anyone who, anything that, also if",
    r"\bmeant to\b.*\bmeant to\b": "one thought per sentence",
    r"\bthe like\b(?! of)": "similar",
}
QUESTIONS = {
    "What",
    "Whether",
    "How",
    "Who",
    "Where",
    "Which",
    "Why",
    "As",
    "So",
    "Of",
    "It",
    "They",
    "There",
    "Those",
    "By",
}
HEADLINES = re.compile(r"^#+ (What|When|Who|How it|Where it|Ask it|Why it)\b", re.M)


def texts() -> Iterator[tuple[str, str]]:
    for name in FILES:
        if name.endswith(TEXTS) and not name.startswith(EXEMPT) and (ROOT / name).is_file():
            yield name, (ROOT / name).read_text("utf-8")


@pytest.mark.parametrize("pattern", BANNED)
def test_no_banned_phrase(pattern: str) -> None:
    found = [
        f"{name}:{text.count(chr(10), 0, match.start()) + 1}: {match[0]!r}"
        for name, text in texts()
        for match in re.finditer(pattern, text, re.I)
    ]
    assert not found, f"write {BANNED[pattern]!r} instead:\n" + "\n".join(found)


def test_docstrings_of_functions_start_with_a_verb() -> None:
    """ "Return ...", not "What ..." or "Whether ..."."""
    found = []
    for name, text in texts():
        if not name.endswith(".py"):
            continue
        for node in ast.walk(ast.parse(text)):
            if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                continue
            is_property = any(isinstance(one, ast.Name) and one.id == "property" for one in node.decorator_list)
            if (ast.get_docstring(node) or "Return").split()[0] in QUESTIONS and not is_property:
                found.append(f"{name}:{node.lineno}: {node.name}")
    assert not found, "\n".join(found)


def test_tests_are_named_for_a_behaviour() -> None:
    found = [
        f"{name}: {match[1]}"
        for name, text in texts()
        for match in re.finditer(r"def (test_(?:it|what|who|there|they|those|whoever)_\w+)", text)
    ]
    assert not found, "\n".join(found)


def test_headlines_are_nouns_or_tasks() -> None:
    found = [
        f"{name}: {match[0]}" for name, text in texts() if name.endswith(".md") for match in HEADLINES.finditer(text)
    ]
    assert not found, "\n".join(found)
