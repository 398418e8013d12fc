#!/bin/sh
# Puts Chromium on a Debian machine, for the tests marked `browser`. Run again, it returns at once.
set -eu

fail() {
    echo "tests/install/browser.sh: $*" >&2
    exit 1
}

chromium=/usr/bin/chromium
if [ -x "$chromium" ]; then
    echo "== Chromium is there ($chromium)"
    exit 0
fi
command -v apt-get >/dev/null || fail "Chromium is missing and so is apt-get: install Chromium as $chromium yourself."
[ "$(id -u)" -eq 0 ] || fail "Chromium is missing; to install it, run this script as root."

echo "== Chromium and two fonts from Debian (apt-get, about 700 MB)"
export DEBIAN_FRONTEND=noninteractive
apt-get -qq update </dev/null
apt-get -qq install -y --no-install-recommends chromium fonts-dejavu-core fonts-noto-color-emoji \
    </dev/null >/dev/null
[ -x "$chromium" ] || fail "the package chromium is installed, but $chromium is not there."
