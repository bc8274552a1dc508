#!/bin/sh
# Install the systems' browsers for the browser tests, where this user may; otherwise say what to install.
# Without Firefox or WebKit their tests are skipped; without Chromium there is nothing to test with. Most of its
# tests run in its headless shell, which takes a quarter less time, if the system has that as a package.
set -eu
missing=
command -v chromium >/dev/null || missing="$missing chromium"
command -v firefox-esr >/dev/null || command -v firefox >/dev/null || missing="$missing firefox-esr"
command -v WebKitWebDriver >/dev/null || missing="$missing webkit2gtk-driver"
command -v Xvfb >/dev/null || missing="$missing xvfb"
/usr/bin/python3 -c 'import gi; gi.require_version("WebKit2", "4.1")' 2>/dev/null ||
  missing="$missing python3-gi gir1.2-webkit2-4.1"
shell=
command -v chromium-headless-shell >/dev/null || shell=chromium-headless-shell
[ -n "$missing$shell" ] || exit 0
sudo=
[ "$(id -u)" = 0 ] || sudo='sudo -n'
if command -v apt-get >/dev/null && $sudo true 2>/dev/null; then
  $sudo apt-get update -q -o Acquire::Retries=3 || [ -z "$missing" ]
  [ -z "$shell" ] || apt-cache show "$shell" >/dev/null 2>&1 || shell=
  [ -n "$missing$shell" ] || exit 0
  $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -q -o Acquire::Retries=3 --no-install-recommends \
    $missing $shell || [ -z "$missing" ]
elif [ -n "$missing" ]; then
  echo "The browser tests also need (on Debian): apt-get install$missing" >&2
  command -v chromium >/dev/null
fi
