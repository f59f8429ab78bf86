// Builds the package twice from the same sources: as ES modules and as CommonJS.
import { execFileSync } from "node:child_process";
import { rmSync, writeFileSync, mkdirSync } from "node:fs";

const tsc = (...args) =>
  execFileSync("node", ["node_modules/typescript/bin/tsc", "-p", "tsconfig.json", ...args], {
    stdio: "inherit",
  });

rmSync("dist", { recursive: true, force: true });
tsc();
mkdirSync("dist/cjs", { recursive: true });
writeFileSync("dist/cjs/package.json", '{ "type": "commonjs" }\n');
tsc(
  ...["--outDir", "dist/cjs", "--module", "CommonJS", "--moduleResolution", "Node10"],
  ...["--verbatimModuleSyntax", "false"],
);
