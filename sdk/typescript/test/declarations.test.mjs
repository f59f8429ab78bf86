// The declarations compile in projects without the library DOM, with the types of Node alone.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";

const FOLDER = new URL(".", import.meta.resolve("@akako/lms-sdk"));

test("the declarations name no type that only DOM has", () => {
  const names = readdirSync(FOLDER).filter((name) => name.endsWith(".d.ts"));
  assert.ok(names.length > 10);
  for (const name of names) {
    const code = readFileSync(new URL(name, FOLDER), "utf8").replace(/\/\*[^]*?\*\//g, "");
    assert.doesNotMatch(code, /\b(BodyInit|ErrorOptions|RequestInit|HeadersInit)\b/, name);
    assert.doesNotMatch(code, /Uint8Array</, `${name} needs TypeScript 5.7`);
  }
});
