# Sourced by the scripts here: makes or refreshes a virtual environment with the package.
# Usage: make_environment DIRECTORY EXTRAS    (sets $VENV; ADVISOR_PYTHON picks the Python)
make_environment() {
  VENV="$1"
  local python="${ADVISOR_PYTHON:-python3}" extras="$2"
  "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
    echo "Python 3.11 or newer is needed; set ADVISOR_PYTHON to one." >&2
    return 1
  }
  [ -x "$VENV/bin/python" ] || "$python" -m venv "$VENV"
  # torch first and pinned, so that no dependency pulls another build of it.
  "$VENV/bin/python" -m pip install --quiet --disable-pip-version-check -c constraints.txt torch
  "$VENV/bin/python" -m pip install --quiet --disable-pip-version-check -c constraints.txt \
    --editable ".$extras"
}
