// Builds the static files of the web app: `node build.mjs [folder]`.
// The default folder is server/akako/web/static, whose content is committed.
import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, parse } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const target = process.argv[2] ?? join(here, "../server/akako/web/static");
const files = {};

async function bundle(entry, options) {
  const result = await build({
    absWorkingDir: here,
    entryPoints: [entry],
    bundle: true,
    minify: true,
    write: false,
    legalComments: "none",
    charset: "utf8",
    ...options,
  });
  return result.outputFiles[0].text;
}

files["app.css"] = await bundle("styles/app.css", {});
for (const name of readdirSync(join(here, "src")).filter((each) => each.endsWith(".entry.ts"))) {
  const text = await bundle(`src/${name}`, { format: "iife", target: "es2019" });
  files[name.replace(".entry.ts", ".js")] = text;
}
files["icons.svg"] = sprite();
// Topic pages name these rules in a header: the browser loads the next topic before it is wanted, and
// after this one, because the core script sets the class at the end of loading.
files["speculation.json"] = JSON.stringify({
  prefetch: ["immediate", "moderate"].map((eagerness) => ({
    source: "document",
    where: { selector_matches: ".loaded a[data-key=n]" },
    eagerness,
  })),
});
files["favicon.svg"] = readFileSync(join(here, "favicon.svg"), "utf8").trim();

function sprite() {
  const symbols = readdirSync(join(here, "icons")).sort().map((file) => {
    const drawing = readFileSync(join(here, "icons", file), "utf8").trim();
    return `<symbol id="${parse(file).name}" viewBox="0 0 24 24">${drawing}</symbol>`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg">${symbols.join("")}</svg>`;
}

rmSync(target, { recursive: true, force: true });
mkdirSync(target, { recursive: true });
const manifest = {};
for (const [name, text] of Object.entries(files).sort()) {
  const hash = createHash("sha256").update(text).digest("hex").slice(0, 12);
  const { name: stem, ext } = parse(name);
  manifest[name] = `${stem}-${hash}${ext}`;
  writeFileSync(join(target, manifest[name]), text);
}
writeFileSync(join(target, "manifest.json"), `${JSON.stringify(manifest, null, 2)}\n`);
