#!/bin/sh
# Install the system's Chromium for the browser tests, where this user may; otherwise say what to install.
set -eu
command -v chromium >/dev/null && exit 0
sudo=
[ "$(id -u)" = 0 ] || sudo='sudo -n'
if command -v apt-get >/dev/null && $sudo true 2>/dev/null; then
  $sudo apt-get update -q
  DEBIAN_FRONTEND=noninteractive $sudo apt-get install -y -q --no-install-recommends chromium
else
  echo "The browser tests need Chromium. Install the package 'chromium' (on Debian: apt-get install chromium)." >&2
  exit 1
fi
