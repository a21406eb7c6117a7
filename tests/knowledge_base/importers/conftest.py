import pytest

pytest.register_assert_rewrite("importer_conformance")


@pytest.fixture(scope="session")
def known_samples(tmp_path_factory):
    """A sample of every kind, with the name of the importer that reads it."""
    from importer_conformance import SAMPLES

    return [(name, make(tmp_path_factory.mktemp(name))) for make, name in SAMPLES.items()]
