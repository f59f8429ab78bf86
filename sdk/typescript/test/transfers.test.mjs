// Files up and down, whole and in pieces.
import assert from "node:assert/strict";
import { test } from "node:test";

import {
  AkakoAPI,
  AkakoError,
  ConnectionFailedError,
  ServiceUnavailableError,
} from "@akako/lms-sdk";
import { answer, CUT, cut, failureOf, refused, scripted, SILENCE, success } from "./scripted.mjs";

const CONTENT = Buffer.from(Uint8Array.from({ length: 300_000 }, (_, n) => n % 251));
const ETAG = '"sha256-1"';
const whole = (content = CONTENT, etag = ETAG) =>
  answer(200, content, {
    etag,
    "content-type": "text/plain",
    "content-disposition": "attachment; filename=\"_.txt\"; filename*=UTF-8''%C3%A4.txt",
  });
const rest = (start, content = CONTENT, etag = ETAG) =>
  answer(206, content.subarray(start), {
    etag,
    "content-range": `bytes ${start}-${content.length - 1}/${content.length}`,
  });
const fetched = (baseURL, options, client = {}) =>
  new AkakoAPI({ baseURL, token: "t", ...client }).files.downloadDocument("document_1", options);
const ranges = (received) => received.map(({ headers }) => [headers.range, headers["if-range"]]);

test("a file comes down with its progress, name and kind", async () => {
  const reported = [];
  await scripted([whole()], async (baseURL) => {
    const file = await fetched(baseURL, { progress: (done, total) => reported.push([done, total]) });
    assert.deepEqual(
      [file.start, file.size, file.fileName, file.mimeType, file.etag],
      [0, CONTENT.length, "ä.txt", "text/plain", ETAG],
    );
    const blob = await file.blob();
    assert.equal(blob.type, "text/plain");
    assert.deepEqual(Buffer.from(await blob.arrayBuffer()), CONTENT);
  });
  assert.deepEqual(reported.at(-1), [CONTENT.length, CONTENT.length]);
  assert.deepEqual(
    reported,
    [...reported].sort(([a], [b]) => a - b),
  );
});

test("a broken download goes on", async () => {
  const steps = [cut(whole(), 100_000), CUT, cut(rest(100_000), 50_000), rest(150_000)];
  const received = await scripted(steps, async (baseURL) => {
    assert.deepEqual(Buffer.from(await (await fetched(baseURL)).bytes()), CONTENT);
  });
  assert.deepEqual(ranges(received), [
    [undefined, undefined],
    ["bytes=100000-", ETAG],
    ["bytes=100000-", ETAG],
    ["bytes=150000-", ETAG],
  ]);
});

test("a later call goes on", async () => {
  const received = await scripted([rest(100_000)], async (baseURL) => {
    const file = await fetched(baseURL, { start: 100_000, etag: ETAG });
    assert.deepEqual([file.start, file.size], [100_000, CONTENT.length]);
    assert.deepEqual(Buffer.from(await file.bytes()), CONTENT.subarray(100_000));
  });
  assert.deepEqual(ranges(received), [["bytes=100000-", ETAG]]);
});

test("a later call begins anew where the file has changed", async () => {
  await scripted([whole(CONTENT, '"sha256-2"')], async (baseURL) => {
    const file = await fetched(baseURL, { start: 100_000, etag: ETAG });
    assert.equal(file.start, 0);
    assert.equal((await file.bytes()).length, CONTENT.length);
  });
});

test("a file that changes on its way is an error", async () => {
  await scripted([cut(whole(), 100_000), whole(CONTENT, '"sha256-2"')], async (baseURL) => {
    const error = await failureOf((await fetched(baseURL)).bytes());
    assert.ok(error instanceof AkakoError);
    assert.match(error.message, /changed/);
  });
});

test("another part than asked for is refused", async () => {
  await scripted([rest(20)], async (baseURL) => {
    assert.match(
      (await failureOf(fetched(baseURL, { start: 10, etag: ETAG }))).message,
      /Another part/,
    );
  });
});

test("a download without progress ends", async () => {
  const received = await scripted([cut(whole(), 0)], async (baseURL) => {
    const error = await failureOf(fetched(baseURL).then((file) => file.bytes()));
    assert.ok(error instanceof ConnectionFailedError, `${error.stack}`);
  });
  assert.ok(received.length <= 4, `${received.length}`);
});

test("a stalled download goes on", async () => {
  // Fewer bytes than are announced, and then nothing.
  const stalled = { ...whole(), body: CONTENT.subarray(0, 100_000) };
  stalled.headers = { ...stalled.headers, "content-length": CONTENT.length };
  const received = await scripted([stalled, rest(100_000)], async (baseURL) => {
    const file = await fetched(baseURL, {}, { timeout: 1000 });
    assert.equal((await file.bytes()).length, CONTENT.length);
  });
  assert.equal(received.length, 2);
});

test("a caller who takes no more, or throws, ends it", async () => {
  const received = await scripted([whole()], async (baseURL) => {
    const reader = (await fetched(baseURL)).body.getReader();
    assert.ok((await reader.read()).value.length > 0);
    await reader.cancel();
    const stop = new Error("enough");
    const progress = () => {
      throw stop;
    };
    assert.equal(await failureOf((await fetched(baseURL, { progress })).bytes()), stop);
  });
  assert.equal(received.length, 2);
});

test("an empty file", async () => {
  await scripted([whole(Buffer.alloc(0))], async (baseURL) => {
    assert.equal((await (await fetched(baseURL)).bytes()).length, 0);
  });
});

const DOCUMENT = { id: "document_1" };
const sendDocument = (baseURL, file, options) =>
  new AkakoAPI({ baseURL, token: () => "t" }).files.uploadDocument("topic_1", file, {
    filename: 'a "ä".txt',
    ...options,
  });
const read = (received) => {
  const [{ headers, body }] = received;
  const boundary = /boundary=(\w+)/.exec(headers["content-type"])[1];
  return { headers, boundary, body };
};

for (const kind of ["blob", "blob with progress", "bytes", "stream"]) {
  test(`a form is sent: ${kind}`, async () => {
    const reported = [];
    const progress = kind === "blob" ? undefined : (done, total) => reported.push([done, total]);
    const text = "#".repeat(200_000);
    const blob = new Blob([text]);
    const file =
      kind === "bytes" ? new TextEncoder().encode(text) : kind === "stream" ? blob.stream() : blob;
    const received = await scripted([success(DOCUMENT, 201)], async (baseURL) => {
      const options = progress ? { progress, description: "Study" } : { description: "Study" };
      assert.deepEqual(await sendDocument(baseURL, file, options), DOCUMENT);
    });
    const { headers, boundary, body } = read(received);
    const part = (disposition) =>
      `--${boundary}\r\nContent-Disposition: form-data; ${disposition}\r\n`;
    assert.equal(
      body,
      `${part('name="topicId"')}\r\ntopic_1\r\n${part('name="metadata"')}\r\n{"description":"Study"}\r\n` +
        `${part('name="file"; filename="a %22ä%22.txt"')}Content-Type: application/octet-stream\r\n\r\n` +
        `${text}\r\n--${boundary}--\r\n`,
    );
    if (kind !== "stream") assert.equal(headers["content-length"], String(Buffer.byteLength(body)));
    assert.equal(headers["expect"], undefined);
    if (kind.includes("progress") || kind === "bytes")
      assert.deepEqual(reported.at(-1), [200_000, 200_000]);
    if (kind === "stream") assert.deepEqual(reported.at(-1), [200_000, null]);
  });
}

test("an upload is repeated from its beginning, and a stream is not", async () => {
  const progress = () => {};
  let received = await scripted([refused(503, "X")], async (baseURL) => {
    const sending = sendDocument(baseURL, new Blob(["#".repeat(9)]), { progress });
    assert.ok((await failureOf(sending)) instanceof ServiceUnavailableError);
  });
  assert.deepEqual(
    received.map(({ body }) => body.split("#").length),
    [10, 10, 10],
  );
  for (const trouble of [refused(503, "X"), refused(401, "UNAUTHORIZED")]) {
    received = await scripted([trouble], async (baseURL) => {
      await failureOf(sendDocument(baseURL, new Blob(["x"]).stream()));
    });
    assert.equal(received.length, 1);
  }
});

test("a stalled upload is given up", async () => {
  await scripted([SILENCE], async (baseURL) => {
    const api = new AkakoAPI({ baseURL, timeout: 300 });
    const sending = api.files.uploadDocument("t", new Blob(["x"]), {
      filename: "a.txt",
      progress() {},
    });
    assert.equal((await failureOf(sending)).code, "NO_ANSWER");
  });
});

test("a file needs a name", async () => {
  const api = new AkakoAPI({ baseURL: "https://a.example/api" });
  const unnamed = new Blob(["x"]);
  assert.match((await failureOf(api.files.uploadDocument("t", unnamed))).message, /filename/);
  assert.match((await failureOf(api.files.uploadResumable("t", unnamed))).message, /filename/);
  const named = Object.assign(unnamed, { name: "own.txt" });
  const received = await scripted([success(DOCUMENT, 201)], async (baseURL) => {
    await new AkakoAPI({ baseURL }).files.uploadDocument("t", named);
  });
  assert.match(received[0].body, /filename="own.txt"/);
});
