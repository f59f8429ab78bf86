// Resumable uploads, step by step.
import assert from "node:assert/strict";
import { test } from "node:test";

import { AkakoAPI, AkakoError, ConnectionFailedError, NotFoundError } from "@akako/lms-sdk";
import { answer, CUT, failureOf, refused, scripted, SILENCE, success } from "./scripted.mjs";

const VIDEO = {
  topicId: "topic_1",
  videoUrl: "/api/education/topics/topic_1/video",
  version: 1,
  size: 25,
};
const CONTENT = "0123456789abcdefghijklmno";
const CREATED = answer(201, "", { location: "/api/uploads/upload_1" });
const CONFLICT = refused(409, "CONFLICT");
const at = (offset) => answer(200, "", { "upload-offset": String(offset) });
// The answer to the last piece, and what the upload has become.
const END = [
  answer(200, "", { "upload-offset": "25", "upload-result": VIDEO.videoUrl }),
  success({ id: "upload_1", offset: 25, length: 25, video: VIDEO }),
];

const upload = (baseURL, options = {}, client = {}) =>
  new AkakoAPI({ baseURL, token: "t", ...client }).videos.uploadResumable(
    "topic_1",
    new Blob([CONTENT]),
    {
      filename: "ä.mp4",
      pieceBytes: 10,
      ...options,
    },
  );
const steps = (received) =>
  received.map(({ method, headers, body }) => [method, headers["upload-offset"], body]);
const uploads = (answers, options, client) =>
  scripted(answers, async (baseURL) =>
    assert.deepEqual(await upload(baseURL, options, client), VIDEO),
  );
const fails = async (answers, kind, options) => {
  let error;
  const received = await scripted(answers, async (baseURL) => {
    error = await failureOf(upload(baseURL, options));
    assert.ok(error instanceof kind, `${error?.stack}`);
  });
  return { error, received };
};

for (const progress of [true, false]) {
  test(`a file goes up in pieces, with${progress ? "" : "out"} its progress reported`, async () => {
    const reported = [];
    const ids = [];
    const options = { started: (id) => ids.push(id) };
    if (progress) options.progress = (done, total) => reported.push([done, total]);
    const received = await uploads([CREATED, at(10), at(20), ...END], options);
    assert.deepEqual(steps(received).slice(1), [
      ["PATCH", "0", "0123456789"],
      ["PATCH", "10", "abcdefghij"],
      ["PATCH", "20", "klmno"],
      ["GET", undefined, ""],
    ]);
    assert.ok(received.slice(1).every(({ url }) => url === "/api/uploads/upload_1"));
    for (const { headers, body } of received.slice(1, 4)) {
      assert.equal(headers["content-length"], String(body.length));
      assert.equal(headers["content-type"], "application/offset+octet-stream");
      assert.equal(headers["tus-resumable"], "1.0.0");
    }
    const { headers } = received[0];
    assert.equal(headers["upload-length"], "25");
    assert.ok(headers["idempotency-key"]);
    const pairs = headers["upload-metadata"].split(",").map((pair) => pair.split(" "));
    const read = (text) => Buffer.from(text, "base64").toString();
    assert.deepEqual(Object.fromEntries(pairs.map(([name, text]) => [name, read(text)])), {
      kind: "video",
      topicId: "topic_1",
      filename: "ä.mp4",
    });
    assert.deepEqual(ids, ["upload_1"]);
    if (progress) {
      assert.deepEqual(new Set(reported.map(String)), new Set(["10,25", "20,25", "25,25"]));
    }
  });
}

test("a broken piece goes on where the server stands", async () => {
  const answers = [CREATED, CUT, at(4), at(14), refused(503, "X"), at(14), ...END];
  assert.deepEqual(
    steps(await uploads(answers)).map((step) => step.slice(0, 2)),
    [
      ["POST", undefined],
      ["PATCH", "0"],
      ["HEAD", undefined],
      ["PATCH", "4"],
      ["PATCH", "14"],
      ["HEAD", undefined],
      ["PATCH", "14"],
      ["GET", undefined],
    ],
  );
});

test("after a lost answer the result is asked for", async () => {
  const problems = [];
  const interrupted = (problem) => problems.push(problem.code);
  const received = await uploads([CREATED, at(10), at(20), CUT, at(25), ...END], { interrupted });
  assert.deepEqual(steps(received).at(-2), ["PATCH", "25", ""]);
  assert.deepEqual(problems, ["INTERRUPTED"]);
});

test("an earlier piece may still be at work", async () => {
  const locked = refused(423, "UPLOAD_LOCKED", { "retry-after": "0" });
  await uploads([CREATED, locked, at(4), at(14), ...END]);
});

test("a wrong offset is corrected", async () => {
  const received = await uploads([CREATED, CONFLICT, at(20), ...END]);
  assert.deepEqual(steps(received).at(-2), ["PATCH", "20", "klmno"]);
});

test("an earlier upload goes on", async () => {
  const received = await uploads([at(20), ...END], { uploadId: "upload_1" });
  assert.deepEqual(
    received.map(({ method }) => method),
    ["HEAD", "PATCH", "GET"],
  );
});

test("a token that ran out is renewed", async () => {
  let number = 0;
  const expired = refused(401, "UNAUTHORIZED");
  const received = await uploads(
    [CREATED, expired, at(10), at(20), ...END],
    {},
    { token: () => `t${++number}` },
  );
  assert.deepEqual(steps(received)[2], ["PATCH", "0", "0123456789"]);
});

test("a refused piece is reported", async () => {
  await fails([CREATED, refused(404, "NOT_FOUND")], NotFoundError);
});

test("without progress it ends", async () => {
  let { received } = await fails([CREATED, CUT, at(0), CUT, at(0), CUT], ConnectionFailedError);
  assert.equal(received.length, 6);
  ({ received } = await fails([CREATED, CONFLICT, at(0), CONFLICT], AkakoError));
  assert.equal(received.length, 4);
  const { error } = await fails([CREATED, at(0)], AkakoError);
  assert.match(error.message, /none of it/);
});

test("the token follows no location", async () => {
  const elsewhere = await scripted([at(25)], async (other) => {
    const away = answer(201, "", { location: `${other}/uploads/upload_2` });
    const received = await uploads([away, at(10), at(20), ...END]);
    assert.equal(received[1].url, "/api/uploads/upload_2");
  });
  assert.deepEqual(elsewhere, []);
});

test("a stalled piece goes on", async () => {
  await uploads([CREATED, SILENCE, at(20), ...END], {}, { timeout: 1000 });
});

test("a stopped upload can be resumed", async () => {
  const stop = new Error("enough");
  let id;
  const options = {
    started: (given) => (id = given),
    progress: () => {
      throw stop;
    },
  };
  const { error } = await fails([CREATED, at(10)], Error, options);
  assert.equal(error, stop);
  const ending = AbortSignal.abort(stop);
  assert.equal((await fails([at(10)], Error, { uploadId: id, signal: ending })).error, stop);
  await uploads([at(10), at(20), ...END], { uploadId: id });
});

test("an upload can be given up", async () => {
  const gone = refused(404, "NOT_FOUND");
  const received = await scripted([answer(200, ""), gone], async (baseURL) => {
    const { files } = new AkakoAPI({ baseURL, token: "t" });
    assert.equal(await files.cancelUpload("upload_1"), undefined);
    assert.ok((await failureOf(files.cancelUpload("upload_1"))) instanceof NotFoundError);
  });
  assert.deepEqual(
    received.map(({ method, headers }) => [method, headers["tus-resumable"]]),
    [
      ["DELETE", "1.0.0"],
      ["DELETE", "1.0.0"],
    ],
  );
});
