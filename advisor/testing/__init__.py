"""What strategies and families promise, as tests that anyone's plug-in can inherit.

Those of importers are in `knowledge_base.testing`. They need pytest; docs/plugins.md shows them.
"""

import pytest

pytest.register_assert_rewrite("advisor.testing.families", "advisor.testing.strategies")
