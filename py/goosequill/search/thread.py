"""Questions that go on from the one before: "and on Windows?" after "how do I install it on Linux?".

The rule. A question follows if it begins with a word such as "and" and has another, or if it has at most
`SHORT` words and a question mark. It is then searched for together with the content words of the question
before, which come first; a word that both have, in whatever form, is searched for once.
"""

from __future__ import annotations

import re

from goosequill.search.answer import stems

SHORT = 3
_OPENING = re.compile(
    r"(?:and|or|but|also|what about|how about|what if|und|oder|aber|auch|was ist mit|wie ist es mit)\s+\w",
    re.I,
)


def follows(question: str) -> bool:
    """Whether a question means something only after another."""
    question = question.strip()
    return bool(_OPENING.match(question)) or (
        question.endswith(("?", "？")) and len(question.split()) <= SHORT
    )


def searched(question: str, former: str) -> str:
    """Return what is searched for, the question alone unless it follows the `former` one."""
    if not follows(question):
        return question
    known = stems(question)
    kept = [word for word in re.findall(r"\w+(?:['’.-]\w+)*", former) if stems(word) - known]
    return " ".join([*kept, question.strip()])
