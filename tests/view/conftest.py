import httpx
import pytest
from view_world import make_world, served


@pytest.fixture(scope="package")
def world(tmp_path_factory):
    """A knowledge base and studies with hostile names; read only by convention."""
    return make_world(tmp_path_factory.mktemp("world"))


@pytest.fixture(scope="package")
def server(world):
    with served(world) as server:
        yield server


@pytest.fixture(scope="package")
def base(server):
    """Address of the server, without its token and a slash at the end."""
    return server.address.split("/?")[0]


@pytest.fixture
def visitor(server, base):
    """Somebody who has opened the address with the token."""
    with httpx.Client(base_url=base) as client:
        assert client.get(server.address).status_code == 200
        yield client
