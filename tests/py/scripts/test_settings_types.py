"""The types of the settings and of the error codes are what the package describes."""

from scripts import settings_types

from goosequill.decoding import PARAMETERS


def test_every_setting_has_its_type_its_meaning_and_its_range() -> None:
    text = " ".join(settings_types.module().replace("\n *", " ").split())
    assert "@property {number | null} [temperature] " in text
    assert "@property {string | string[] | null} [stop] " in text
    assert "@property {number | null} [max_tokens] Another name of max_new_tokens." in text
    for parameter in PARAMETERS.values():
        assert f"[{parameter.name}] {parameter.sentence}" in text
    assert '"setting-unknown"' in text
