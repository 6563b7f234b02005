"""The project's files agree with each other: versions, dates, pins, and the checks that CI and pre-commit run."""

import re
import shlex
import tomllib
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[1]
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
PROJECT = PYPROJECT["project"]


def loaded(name: str) -> Any:
    return yaml.safe_load((ROOT / name).read_text("utf-8"))


def commands(target: str) -> list[str]:
    """Return the commands of a target of the Makefile, with that folder in place of ``$(BIN)``."""
    found = re.search(rf"^{target}:.*\n((?:\t.*\n)+)", (ROOT / "Makefile").read_text(), flags=re.M)
    assert found
    return [line.strip().replace("$(BIN)", ".venv/bin") for line in found[1].splitlines()]


def test_changelog_is_dated_and_newest_first() -> None:
    text = (ROOT / "CHANGELOG.md").read_text("utf-8")
    releases = re.findall(r"^## (\d+)\.(\d+)\.(\d+) - (\d{4}-\d\d-\d\d)$", text, flags=re.M)
    versions, dates = [[int(part) for part in parts[:3]] for parts in releases], [parts[3] for parts in releases]
    assert versions == sorted(versions, reverse=True)
    assert dates == sorted(dates, reverse=True)
    headings = re.findall(r"^## (.*)$", text, flags=re.M)
    assert len(headings) - len(releases) == headings.count("Unreleased")
    assert set(re.findall(r"^### (.*)$", text, flags=re.M)) <= {"Added", "Changed", "Fixed", "Removed", "Security"}


def test_changelog_and_citation_have_the_version_of_the_package() -> None:
    found = re.search(r"^## (\d\S+) - (\S+)$", (ROOT / "CHANGELOG.md").read_text("utf-8"), flags=re.M)
    assert found
    citation = loaded("CITATION.cff")
    assert found[1] == PROJECT["version"] == citation["version"]
    assert found[2] == citation["date-released"].isoformat()


def test_citation_describes_the_package() -> None:
    citation = loaded("CITATION.cff")
    assert citation["cff-version"] == "1.2.0"
    assert [author["name"] for author in citation["authors"]] == [author["name"] for author in PROJECT["authors"]]
    assert PROJECT["license"] == f"{citation['license']} AND CC-BY-SA-3.0"
    assert "CC-BY-SA-3.0" in citation["references"][0]["notes"]
    assert citation["abstract"] == PROJECT["description"]


def test_classifiers_name_the_supported_versions_of_python() -> None:
    found = [re.fullmatch(r"Programming Language :: Python :: 3\.(\d+)", line) for line in PROJECT["classifiers"]]
    minors = [int(match[1]) for match in found if match]
    assert minors == list(range(minors[0], minors[-1] + 1))
    assert PROJECT["requires-python"] == f">=3.{minors[0]},<3.{minors[-1] + 1}"
    assert f"(3, {minors[0]}) <= sys.version_info[:2] <= (3, {minors[-1]})" in (ROOT / "Makefile").read_text()


def test_every_dependency_is_pinned() -> None:
    pinned = {line.partition("==")[0] for line in (ROOT / "constraints.txt").read_text().splitlines()}
    groups = [
        PROJECT["dependencies"],
        *PROJECT["optional-dependencies"].values(),
        *PYPROJECT["dependency-groups"].values(),
    ]
    names = {re.split(r"[^\w.-]", requirement)[0] for group in groups for requirement in group}
    assert names - pinned == {PROJECT["name"]}


def test_make_installs_every_extra_that_the_tests_need() -> None:
    """All but ``notebook``, which is JupyterLab, and those that another extra includes."""
    found = re.search(
        r"^\.venv/dev: WHAT = --group dev --editable '\.\[(.*)\]'$", (ROOT / "Makefile").read_text(), re.M
    )
    assert found
    assert {*found[1].split(","), "site", "notebook"} == set(PROJECT["optional-dependencies"])


def test_workflow_runs_what_ci_runs() -> None:
    steps = loaded(".github/workflows/ci.yml")["jobs"]["test"]["steps"]
    made = [step["run"] for step in steps if step.get("run", "").startswith("make")]
    assert made == re.findall(r"^make .*$", (ROOT / ".ci/run").read_text(), flags=re.M)


def test_pre_commit_runs_the_tools_of_make_check() -> None:
    (repository,) = loaded(".pre-commit-config.yaml")["repos"]
    assert repository["repo"] == "local"
    tools = [shlex.split(hook["entry"])[:2] for hook in repository["hooks"]]
    assert tools == [shlex.split(command)[:2] for command in commands("check")]
