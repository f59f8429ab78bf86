// Builds the package twice from the same sources: as one ES module and as one CommonJS file.
import { execFileSync } from "node:child_process";
import { cpSync, rmSync, writeFileSync } from "node:fs";
import { build } from "esbuild";

rmSync("dist", { recursive: true, force: true });
const tsc = ["node_modules/typescript/bin/tsc", "-p", "tsconfig.json", "--noEmit", "false"];
const types = ["--declaration", "--emitDeclarationOnly", "--outDir", "dist/esm"];
execFileSync(process.execPath, [...tsc, ...types], { stdio: "inherit" });
// The same declarations mean an ES module there and CommonJS here.
cpSync("dist/esm", "dist/cjs", { recursive: true });
writeFileSync("dist/cjs/package.json", '{ "type": "commonjs" }\n');
for (const format of ["esm", "cjs"]) {
  await build({
    entryPoints: ["src/index.ts"],
    outfile: `dist/${format}/index.js`,
    bundle: true,
    format,
    target: "es2022",
    minifySyntax: true, // names and lines stay, for debugging an integration
    sourcemap: true,
  });
}
