"""Only rules that no page can use are removed from a style sheet."""

import shutil
import subprocess

import pytest
from scripts.command import ROOT

FILES = {
    "index.html": '<div class="shown wide" id="here"><p>Not a name: other</p></div>',
    "deep/index.html": '<a class="md-button" href="other">Text</a>',
    "assets/app.js": 'element.classList.add("made"); element.dataset.mdState = "five-six";',
    "assets/own.css": "p{color:var(--elsewhere)}",
}
KEPT = {
    ".shown{color:red}": None,
    "#here .md-button{color:red}": None,
    ".made{color:red}": None,
    ".five-six{color:red}": None,
    "p>a[href^=http]{color:red}": None,
    ".shown:not(.other):hover{color:red}": None,
    "h4 small{color:red}": None,
    "[data-md-state=shown] .shown{color:red}": None,
    '.shown:after{content:"} .other{"}': None,
    '.shown{background:url("data:image/svg+xml;a{b}c")}': None,
    "@keyframes other{to{opacity:0}}": None,
    "@media print{.shown{color:red}}": None,
    '@charset "UTF-8";': None,
    ":root{--used:1}p{margin:var(--used)}": None,
    ":root{--elsewhere:2}": None,
    ".other{color:red}": "",
    "#other .shown{color:red}": "",
    ".other,.shown h1,.other p{color:red}": ".shown h1{color:red}",
    "@media print{.other{color:red}}p{margin:0}": "p{margin:0}",
    '.other{content:"}"}.shown{margin:0}': ".shown{margin:0}",
    ":root{--used:1;--unused:url('a;b')}": ":root{--used:1}",
}
"""Rules, and what is left of them, or None if they stay as they are."""


@pytest.fixture(scope="module")
def trimmed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Each rule after its removal from a style sheet of its own."""
    folder = tmp_path_factory.mktemp("site")
    sheets = {f"assets/stylesheets/{at}.css": rule for at, rule in enumerate(KEPT)}
    for name, text in {**FILES, **sheets}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    subprocess.run([str(shutil.which("node")), "scripts/styles.js", str(folder)], cwd=ROOT, check=True)
    assert (folder / "assets" / "own.css").read_text() == FILES["assets/own.css"]
    return {rule: (folder / name).read_text() for name, rule in sheets.items()}


@pytest.mark.parametrize("rule", KEPT)
def test_a_rule_stays_if_a_page_or_a_script_may_use_it(rule: str, trimmed: dict[str, str]) -> None:
    left = KEPT[rule]
    assert trimmed[rule].replace("\n", "") == (rule if left is None else left)
