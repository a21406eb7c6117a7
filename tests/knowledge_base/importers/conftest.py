import pytest

pytest.register_assert_rewrite("knowledge_base.testing")


@pytest.fixture(scope="session")
def all_samples(tmp_path_factory):
    """A sample of every kind, with the name of the importer that reads it."""
    import foreign_samples
    from importer_samples import SAMPLES

    known = {**SAMPLES, **foreign_samples.SAMPLES}
    return [(name, make(tmp_path_factory.mktemp(name))) for make, name in known.items()]


@pytest.fixture(autouse=True, scope="session")
def _optuna_does_not_wait_for_the_disk():
    """Optuna commits every parameter of every trial; what it writes is the same without waiting."""
    from sqlalchemy import event
    from sqlalchemy.engine import Engine

    def no_waiting(connection, _record):
        connection.execute("PRAGMA synchronous = OFF")

    event.listen(Engine, "connect", no_waiting)
    yield
    event.remove(Engine, "connect", no_waiting)
