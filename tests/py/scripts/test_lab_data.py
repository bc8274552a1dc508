"""Licences of font packages: permissive ones are recognized, everything uncertain is refused."""

import pytest
from scripts.lab_data import licences


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("OFL-1.1", "OFL-1.1"),
        ("SIL Open Font License", "OFL-1.1"),
        ("OFL-1.1-RFN", "OFL-1.1"),
        ("Expat and BitstreamVera", "MIT and Bitstream Vera"),
        ("GPL-2+ or Apache-2.0", "Apache-2.0"),
        ("BSD3|SIL", "BSD"),
        ("GPL-2+ with Font exception and OFL-1.1", ""),
        ("GPL-2+", ""),
        ("CC-BY-SA-4.0", ""),
        ("LPPL", ""),
        ("Expat-like", ""),
        ("", ""),
    ],
)
def test_names_of_licences(written: str, name: str) -> None:
    assert licences.name_of(written) == name


COPYRIGHT = """Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
Upstream-Name: fonts

Files: *
Copyright: 2001 Ann
           2002 Bob
License: OFL-1.1

Files: {pattern}
Copyright: 2003 Eve
License: GPL-3+
 Words of the GPL.

License: OFL-1.1
 Words of the OFL.
 .
 More of them.
"""


@pytest.mark.parametrize(
    ("pattern", "free"),
    [
        ("debian/*", True),
        ("scripts/*", True),
        ("*.py tools/build.sh", True),
        ("fonts/Other.sfd", False),  # another font; but is it also in this one?
        ("sources/*", False),
        ("fonts/Grace.sfd", False),
        ("fonts/Grace*", False),
    ],
)
def test_a_paragraph_about_fonts_makes_the_general_one_uncertain(pattern: str, free: bool) -> None:
    rules = licences.read(COPYRIGHT.format(pattern=pattern))
    rule = licences.rule_of(rules, "Grace.ttf")
    assert (rule is not None) == free
    if rule:
        assert rule.licence == "OFL-1.1" and rule.notice == "2001 Ann 2002 Bob"
        assert rule.text == "Words of the OFL.\n\nMore of them."


def test_a_paragraph_that_names_the_font_decides() -> None:
    text = COPYRIGHT.replace("License: OFL-1.1\n\nFiles", "License: GPL-2\n\nFiles").replace(
        "GPL-3+\n Words of the GPL.", "MIT\n Words of MIT."
    )
    rules = licences.read(text.format(pattern="fonts/Grace-*.otf"))
    named = licences.rule_of(rules, "Grace-Bold.ttf")
    assert named is not None and (named.licence, named.notice) == ("MIT", "2003 Eve")
    assert licences.rule_of(rules, "Other.ttf") is None


def test_prose_counts_only_if_nothing_in_it_forbids() -> None:
    prose = "Copyright 2008 Ann\nThis font is under the SIL Open Font License.\n"
    (rule,) = licences.read(prose)
    assert rule.licence == "OFL-1.1" and rule.notice == "Copyright 2008 Ann"
    (rule,) = licences.read(prose + "The package is under the GPL.\n")
    assert rule.licence == ""


@pytest.mark.parametrize(
    ("stated", "forbidden"),
    [
        ("This Font Software is licensed under the SIL Open Font License", False),
        ("The name of the author may not be used to endorse products", False),
        ("Free for personal use", True),
        ("GNU General Public License", True),
        ("CC BY-NC 4.0", True),
        ("Creative Commons BY-SA 4.0", True),
    ],
)
def test_what_a_font_says_itself(stated: str, forbidden: bool) -> None:
    assert licences.forbids(stated) == forbidden
