"""The documentation's policies allow no more than they must."""

import base64
import hashlib
from pathlib import Path

from scripts import policies

PAGE = """<!doctype html><html><head>
      <meta charset="utf-8">
<script>one()</script><script type="application/json">{"a": 1}</script>
<script src="bundle.js"></script></head><body><script>
two()
</script></body></html>"""


def hash_of(text: str) -> str:
    return "'sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() + "'"


def test_policy_allows_the_inline_scripts_by_hash_and_no_others() -> None:
    directives = dict(part.strip().split(" ", 1) for part in policies.policy_of(PAGE).split(";"))
    sources = directives["script-src"].split()
    assert sources[0] == "'self'"
    assert set(sources[1:]) == {hash_of("one()"), hash_of("\ntwo()\n")}


def test_policy_comes_before_every_script(tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text(PAGE)
    policies.add_policies(tmp_path)
    html = (tmp_path / "index.html").read_text()
    assert html.index("Content-Security-Policy") < html.index("<script")
