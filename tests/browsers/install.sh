#!/usr/bin/env bash
# Install Firefox, and WebKitGTK with a screen in memory, where apt is there and may be used; else say what is missing.
set -euo pipefail
missing=()
command -v firefox >/dev/null || command -v firefox-esr >/dev/null || missing+=(firefox-esr)
command -v WebKitWebDriver >/dev/null || missing+=(webkit2gtk-driver)
command -v Xvfb >/dev/null || missing+=(xvfb)
if [ ${#missing[@]} = 0 ]; then exit 0; fi
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
  echo "Installing ${missing[*]} (once) …"
  apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
else
  echo "atelier: not installed, and left out: ${missing[*]} (Debian's names of the packages)." >&2
fi
