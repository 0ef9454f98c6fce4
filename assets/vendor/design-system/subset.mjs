// Prints the part of the Lightning Design System's CSS that the pages use: `node subset.mjs <project> <whole css>`.
// Run by subset.sh, beside which README.md says what is kept.

import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { PurgeCSS } from "purgecss";

const [project, whole] = process.argv.slice(2);

const files = (directory, ending) =>
  readdirSync(join(project, directory), { recursive: true })
    .filter((name) => name.endsWith(ending))
    .sort()
    .map((name) => readFileSync(join(project, directory, name), "utf8"));

const templates = files("templates", ".html");
const scripts = [...files("assets/js", ".js"), ...files("src", ".rs")];

const classes = [...templates, ...scripts].flatMap((text) => text.match(/slds-[\w-]*\w/g) ?? []);
// Words inside tags: elements, attributes and their values.
const markup = templates.flatMap((text) => text.match(/<[a-z][^>]*>/g) ?? []).flatMap((tag) => tag.match(/[\w-]+/g) ?? []);
// Set by scripts or by the browser.
const states = ["disabled", "checked", "hidden", "open", "readonly", "html", "body"];

const [{ css }] = await new PurgeCSS().purge({
  content: [{ raw: [...new Set([...classes, ...markup, ...states])].join(" "), extension: "txt" }],
  css: [whole],
  variables: true,
  keyframes: true,
  fontFace: true,
});

// What would load a picture of the package: data URLs stay.
const kept = css.replace(/[^{}]+\{[^{}]*url\((?!["']?data:)[^{}]*\}/g, "");
process.stdout.write(kept.trimEnd() + "\n");
