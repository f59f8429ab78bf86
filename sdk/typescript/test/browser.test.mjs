// Where streams cannot be sent, as in browsers.
import assert from "node:assert/strict";
import { test } from "node:test";

import { answer, scripted, success } from "./scripted.mjs";

globalThis.window = globalThis;
const { AkakoAPI } = await import("@akako/lms-sdk");

test("a form is sent as a blob, and its progress is reported at the end", async () => {
  const reported = [];
  const sent = [];
  const received = await scripted([success({ id: "1" }, 201)], async (baseURL) => {
    const look = (url, init) => sent.push(init.body) && fetch(url, init);
    await new AkakoAPI({ baseURL, fetch: look }).files.uploadDocument("t", new Blob(["###"]), {
      filename: "a.txt",
      progress: (...now) => reported.push(now),
    });
  });
  assert.ok(sent[0] instanceof Blob);
  assert.match(received[0].body, /###/);
  assert.deepEqual(reported, [[3, 3]]);
});

test("a resumable upload tells its progress after each piece", async () => {
  const reported = [];
  const at = (offset) => answer(200, "", { "upload-offset": String(offset) });
  const answers = [
    answer(201, "", { location: "/api/uploads/u" }),
    at(2),
    at(3),
    success({ document: { id: "1" } }),
  ];
  await scripted(answers, async (baseURL) => {
    const document = await new AkakoAPI({ baseURL }).files.uploadResumable("t", new Blob(["###"]), {
      filename: "a.txt",
      pieceBytes: 2,
      progress: (...now) => reported.push(now),
    });
    assert.deepEqual(document, { id: "1" });
  });
  assert.deepEqual(reported, [
    [2, 3],
    [3, 3],
  ]);
});
