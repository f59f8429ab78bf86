// Lists what the installed package offers, after its types and after its code. The argument is the
// TypeScript compiler.
import { writeFileSync } from "node:fs";
import { createRequire } from "node:module";

import * as sdk from "@akako/lms-sdk";

const ts = createRequire(import.meta.url)(process.argv[2]);
writeFileSync(
  "surface.mts",
  "import { AkakoAPI } from '@akako/lms-sdk'; export declare const api: AkakoAPI;\n",
);
const program = ts.createProgram(["surface.mts"], {
  strict: true,
  module: ts.ModuleKind.NodeNext,
  target: ts.ScriptTarget.ES2022,
  types: [],
});
const checker = program.getTypeChecker();
const module = checker.getSymbolAtLocation(program.getSourceFile("surface.mts"));
const api = checker.getTypeOfSymbol(checker.getExportsOfModule(module)[0]);

/** The fields of an object of options or of a body; otherwise the parameter's own name. */
function given(parameter) {
  const type = checker.getNonNullableType(checker.getTypeOfSymbol(parameter));
  const fields = type.isUnion() || checker.isArrayLikeType(type) ? [] : type.getProperties();
  const primitive = type.flags & (ts.TypeFlags.StringLike | ts.TypeFlags.NonPrimitive);
  return primitive || fields.length === 0 ? [parameter.name] : fields.map((each) => each.name);
}

const areas = {};
for (const area of api.getProperties()) {
  const methods = checker.getTypeOfSymbol(area).getProperties();
  const callable = methods.map((each) => [
    each.name,
    checker.getTypeOfSymbol(each).getCallSignatures()[0],
  ]);
  const open = callable.filter(([name, signature]) => signature && !name.startsWith("__#"));
  areas[area.name] = Object.fromEntries(
    open.map(([name, signature]) => [name, signature.getParameters().flatMap(given)]),
  );
}

const built = new sdk.AkakoAPI({ baseURL: "https://akako.example.com/api" });
const methods = Object.entries(built).map(([name, area]) => {
  const own = Object.getOwnPropertyNames(Object.getPrototypeOf(area));
  return [name, own.filter((each) => each !== "constructor").sort()];
});
const exports = Object.keys(sdk);
console.log(JSON.stringify({ areas, methods: Object.fromEntries(methods), exports }));
