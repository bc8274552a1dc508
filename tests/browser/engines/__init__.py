"""The same flows in every browser engine."""

import pytest

pytest.register_assert_rewrite("tests.browser.engines.flows", "tests.browser.engines.file_flows")
