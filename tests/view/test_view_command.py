"""`advisor view` as a process."""

import os
import re
import signal
import socket
import subprocess
import sys

import httpx
import pytest

RUN = "import sys; from advisor.cli import run; sys.argv[0] = 'advisor'; run()"


@pytest.fixture
def start(tmp_path):
    started = []

    def start(*options, code=RUN):
        command = [sys.executable, "-c", code, "view", "--no-browser", *options]
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=tmp_path,
            env={**os.environ, "ADVISOR_KB": str(tmp_path / "kb.duckdb")},
        )  # fmt: skip
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def test_the_address_is_printed_and_ctrl_c_ends_the_view(start):
    process = start()
    line = process.stdout.readline()
    address = re.search(r"http://127\.0\.0\.1:\d+/\?token=[\w-]{43}$", line)[0]
    with httpx.Client(timeout=60) as client:
        assert client.get(address).status_code == 200
        page = client.get(address.split("?")[0])
        assert "What is known" in page.text
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert out == ""
    assert "Traceback" not in err
    assert process.returncode in (0, 130)


def test_a_port_in_use_is_told_in_one_line(start):
    with socket.create_server(("127.0.0.1", 0)) as other:
        process = start("--port", str(other.getsockname()[1]))
        out, err = process.communicate(timeout=60)
    assert process.returncode == 2
    assert out == ""
    assert err.count("\n") == 1
    assert "--port" in err
    assert "in use" in err


def test_a_missing_package_is_told_in_one_line(start):
    code = f"import sys; sys.modules['uvicorn'] = None; {RUN}"
    out, err = start(code=code).communicate(timeout=60)
    assert (out, err.count("\n")) == ("", 1)
    assert "not installed: uvicorn" in err
    assert "pip install jinja2 python-multipart starlette uvicorn" in err


def test_other_commands_do_not_load_the_server():
    code = (
        "import sys; import advisor.cli.group, advisor.cli.view, advisor.cli.kb, advisor.facade; "
        "print([m for m in ('starlette', 'uvicorn', 'jinja2', 'anyio') if m in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
