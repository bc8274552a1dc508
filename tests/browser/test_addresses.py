"""Addresses that somebody else wrote: any parameters, by chance and at their worst. The page stays usable."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from .conftest import watch
from .variants import variants

WATCH = """
  globalThis.violations = [];
  document.addEventListener("securitypolicyviolation", ({ violatedDirective, blockedURI }) =>
    globalThis.violations.push(`${violatedDirective} ${blockedURI}`));
"""
NAMES = {
    "playground/": [
        *("prompt", "model", "preset", "seed", "temperature", "top_k", "top_p", "max_new_tokens", "stop"),
        *("mode", "system", "format", "choices", "regex", "schema", "logit_bias", "style", "state"),
    ],
    "chat/": ["messages", "system", "format", "drafts", "model", "preset", "seed", "temperature", "regex"],
    "teach/": ["model", "tokenizer", "quantize"],
    "playground/side.html": ["decoders", "prompt", "list", "seed", "length", "own_seeds", "model"],
    "compare/": [
        *(
            "f",
            "v",
            "config",
            "sample",
            "markdown",
            "params",
            "tokens",
            "layout",
            "group",
            "clip",
            "fold",
            "q",
        ),
        *("re", "differ", "coverage", "base", "hide", "page", "at"),
    ],
    "search/": ["q", "collection", "document", "stage"],
    "lab/handwriting/": ["text", "alphabet", "wobble", "band", "seed", "font"],
    "lab/dilation/": ["size", "seed", "base", "depth", "preset"],
}
USABLE = {
    "playground/": "#prompt",
    "chat/": "#message",
    "teach/": "#start",
    "playground/side.html": "[data-testid=generate]",
    "compare/": "[data-testid=url-input]",
    "search/": "[data-testid=question]",
    "lab/handwriting/": "[data-testid=run]",
    "lab/dilation/": "[data-testid=run]",
}
"""A control that must be there and enabled."""
VALUES = [
    *(
        "",
        "0",
        "-1",
        "1",
        "NaN",
        "Infinity",
        "-Infinity",
        "1e999",
        "-1e999",
        "9007199254740993",
        "0x10",
        "1_000",
    ),
    *("null", "undefined", "true", "false", "[]", "{}", "[[]]", '{"__proto__":{"pwned":1}}', "__proto__"),
    *("constructor", "toString", "hasOwnProperty", "prototype", "../../etc/passwd", "//evil.example/x"),
    *("javascript:globalThis.pwned=1", "data:text/html,<script>globalThis.pwned=1</script>", "a\x00b"),
    *(
        "\u202eabc",
        "\u200b",
        "🪿" * 40,
        "e\u0301",
        "\ufeff",
        "(",
        "(?<",
        "(a+)+$",
        "\\",
        "%",
        "%E0%A4%A",
        "%ud800",
    ),
    *(
        "A" * 5000,
        "9" * 400,
        "," * 2000,
        "\n" * 2000,
        ";" * 2000,
        "greedy;greedy;greedy;greedy;greedy;greedy",
    ),
]
LONE = "%ED%A0%80"  # a lone surrogate, which is not valid UTF-8


def escaped(text: str) -> str:
    """Percent escapes of the worst: of everything; what is broken already stays."""
    return text if text.startswith("%") else "".join(f"%{byte:02x}" for byte in text.encode())


def worst(names: list[str]) -> Iterator[str]:
    """Each of these addresses had, or might have, a fault of its own."""
    yield "&".join(f"{name}={escaped(value)}" for name in names for value in ("NaN", "__proto__"))
    yield "&".join(f"{name}=" for name in names * 200)
    yield "&".join(f"{name}={LONE}" for name in names)
    yield "__proto__=1&__proto__[pwned]=1&constructor.prototype.pwned=1&toString=2&valueOf=&then=1"
    yield f"{names[0]}=" + "x" * 1_000_000
    yield "&" * 10_000 + "=" * 10_000
    yield "".join(f"&n{at}={at}" for at in range(20_000))


def chance(names: list[str], seed: int) -> str:
    draw = random.Random(seed)
    chosen = draw.choices([*names, "unknown", "__proto__", "%"], k=draw.randint(1, 12))
    pairs = [f"{name}={escaped(draw.choice(VALUES))}" for name in chosen]
    return "&".join(pairs)


ALIKE = ("playground/side.html", "teach/", "lab/dilation/")
"""Pages that leave the reading of their address to what others have, too."""
OF_THEIR_OWN = [address for address in NAMES if address not in ALIKE]


@pytest.fixture
def visitor(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(service_workers="block")
    yield context.new_page()
    context.close()


def visit(page: Page, site_url: str, address: str, *ends: str) -> None:
    """Open a page with each of these ends of its address, anew each time."""
    page.route(lambda url: not url.startswith(site_url), lambda route: route.abort())
    record = watch(page)
    page.add_init_script(WATCH)
    for end in ends:
        page.goto("about:blank")
        page.goto(f"{site_url}{address}{end}")
        check(page, address, end)
        ours = [each for each in record.console_errors if "Failed to load resource" not in each]
        assert not ours, end[:300]


@pytest.mark.parametrize("address", variants(OF_THEIR_OWN, ALIKE))
def test_any_address_leaves_the_page_usable(visitor: Page, site_url: str, address: str) -> None:
    worst_ends = [f"#{values}" for values in worst(NAMES[address])]
    visit(visitor, site_url, address, *worst_ends, f"?{chance(NAMES[address], 100)}")


@pytest.mark.rest
@pytest.mark.parametrize("address", NAMES)
def test_addresses_drawn_by_chance_leave_the_page_usable(visitor: Page, site_url: str, address: str) -> None:
    hashes = [f"#{chance(NAMES[address], seed)}" for seed in range(4)]
    visit(visitor, site_url, address, *hashes, f"?{chance(NAMES[address], 101)}")


def check(page: Page, address: str, values: str) -> None:
    where = values[:300]
    control = page.locator(USABLE[address]).locator("visible=true").first
    expect(control, where).to_be_enabled()
    assert page.evaluate("() => globalThis.pwned ?? Object.prototype.pwned") is None, where
    assert page.evaluate("() => globalThis.violations") == [], where
