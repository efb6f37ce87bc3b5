#!/usr/bin/env bash
# Make sure that there is a Chromium for the browser tests: the system's, else by apt when root, else Playwright's own.
set -euo pipefail
for name in chromium chromium-browser google-chrome; do
  if command -v "$name" >/dev/null; then exit 0; fi
done
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
  echo "Installing Chromium for the browser tests (once) …"
  apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium fonts-liberation >/dev/null && exit 0
fi
.venv/bin/python -m playwright install chromium || {
  echo "atelier: no Chromium for the browser tests: install the package chromium." >&2
  exit 1
}
