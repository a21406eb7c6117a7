import subprocess
import sys

import pytest

from advisor.models import MLP, family_names, get_family
from knowledge_base.errors import UserError


def test_families_are_found_by_name():
    assert family_names() == ["cnn", "forecaster", "mlp", "rnn"]
    assert isinstance(get_family("mlp"), MLP)
    assert (get_family("mlp").name, get_family("mlp").modality) == ("mlp", "table")


def test_an_unknown_family_suggests_the_nearest():
    with pytest.raises(UserError, match=r"No model family is called 'mpl'\. Try mlp"):
        get_family("mpl")


def test_a_space_needs_no_torch():
    code = (
        "import sys; from advisor.models import FAMILIES\n"
        "for family in FAMILIES.values(): family().default()\n"
        "print(sorted({'sklearn', 'torch', 'scipy', 'ConfigSpace'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
