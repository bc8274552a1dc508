"""The workflows: they parse, every action is pinned, permissions are minimal, every step exists."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parent.parent.parent
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
USES = re.compile(r"uses: (actions/[\w-]+)@([0-9a-f]{40}) # v\d+\.\d+\.\d+$")
Workflow = tuple[str, str, Any]
"""Name, text, content."""

MAY_WRITE = {("pages.yml", "deploy"): {"pages": "write", "id-token": "write"}}


@pytest.fixture(params=WORKFLOWS, ids=lambda path: path.name)
def workflow(request: pytest.FixtureRequest) -> Workflow:
    path: Path = request.param
    text = path.read_text(encoding="utf-8")
    return path.name, text, yaml.safe_load(text)


def test_there_is_one_to_test_and_one_to_publish() -> None:
    assert [path.name for path in WORKFLOWS] == ["pages.yml", "test.yml"]


def test_every_action_is_pinned_to_a_commit_with_its_version(workflow: Workflow) -> None:
    _, text, _ = workflow
    lines = [line.strip().removeprefix("- ") for line in text.splitlines() if "uses:" in line]
    assert lines and all(USES.match(line) for line in lines)


def test_permissions_are_minimal(workflow: Workflow) -> None:
    name, text, content = workflow
    assert content["permissions"] == {"contents": "read"}
    for job, settings in content["jobs"].items():
        assert settings.get("permissions", {}) == MAY_WRITE.get((name, job), {})
    assert text.count("actions/checkout@") == text.count("persist-credentials: false")


def test_each_step_runs_an_existing_command(workflow: Workflow) -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    ran = 0
    for job in workflow[2]["jobs"].values():
        for step in job["steps"]:
            assert ("run" in step) != ("uses" in step)
            match step.get("run", "").split():
                case ["make", *names]:
                    assert set(names) <= targets
                case ["bash", script]:
                    assert (ROOT / script).is_file()
                case ["pipx", "run", "pip-audit", *_, listed]:
                    assert (ROOT / listed).is_file()
                case ["npm", "audit"]:
                    assert (ROOT / step.get("working-directory", ".") / "package-lock.json").is_file()
                case ["apt-get", *_] | []:
                    continue
                case other:
                    pytest.fail(f"a step of a new kind: {other}")
            ran += 1
    assert ran


def test_a_job_that_deploys_waits_for_its_artifact(workflow: Workflow) -> None:
    jobs = workflow[2]["jobs"]
    for settings in jobs.values():
        deploys = any("deploy-pages" in step.get("uses", "") for step in settings["steps"])
        if deploys:
            steps = jobs[settings["needs"]]["steps"]
            uploads = [step for step in steps if "upload-pages" in step.get("uses", "")]
            assert [step["with"]["path"] for step in uploads] == ["dist"]
            assert settings["environment"]["name"] == "github-pages"


def test_the_form_for_bugs_asks_for_the_report_of_the_self_test() -> None:
    form = yaml.safe_load((ROOT / ".github" / "ISSUE_TEMPLATE" / "bug.yml").read_text(encoding="utf-8"))
    assert {"name", "description", "body"} <= set(form)
    fields = {field["id"]: field["attributes"] for field in form["body"]}
    assert len(fields) == len(form["body"]) and all(each["label"] for each in fields.values())
    assert "selftest/" in fields["selftest"]["description"]
    assert (ROOT / "site" / "selftest" / "index.html").is_file()
