#!/usr/bin/env bash
# Makes design-system.css from the npm package; README.md says how. Nothing but that file is changed.
set -euo pipefail
here="$(cd "$(dirname "$0")" && pwd)"
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT

cd "$work"
npm pack --silent @salesforce-ux/design-system@2.264.1 >/dev/null
tar xzf salesforce-ux-design-system-2.264.1.tgz package/assets/styles package/scss/License-for-Sass.txt 2>/dev/null
npm install --silent --no-save --no-audit --no-fund purgecss@8.0.0
cp "$here/subset.mjs" .
node subset.mjs "$here/../../.." package/assets/styles/salesforce-lightning-design-system.min.css >"$here/design-system.css.new"
mv "$here/design-system.css.new" "$here/design-system.css"
cp package/scss/License-for-Sass.txt "$here/LICENSE"
wc -c "$here/design-system.css"
