// What callers pass in: addresses below a prefix, streams, signals, timeouts, changing tokens.
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { Readable } from "node:stream";
import { test } from "node:test";
import { AkakoAPI, readEvent, verifyWebhook } from "@akako/lms-sdk";
import { failureOf, levels, refused, scripted, SILENCE, success } from "./scripted.mjs";

async function* pieces() {
  yield Buffer.from("a piece, ");
  yield Buffer.from("another");
}
const FILES = {
  "an async generator": pieces,
  "a stream of Node": () => Readable.from(pieces()),
  "a web stream": () => Readable.toWeb(Readable.from(pieces())),
  "an ArrayBuffer": () => new TextEncoder().encode("a piece, another").buffer,
};
for (const [kind, file] of Object.entries(FILES)) {
  test(`${kind} is uploaded`, async () => {
    const received = await scripted([success({ id: "d" }, 201)], async (baseURL) => {
      const options = { filename: "a.txt" };
      await new AkakoAPI({ baseURL }).files.uploadDocument("topic_1", file(), options);
    });
    assert.match(received[0].body, /\r\n\r\na piece, another\r\n--/);
  });
}

test("other values are no files", async () => {
  const received = await scripted([success({ id: "d" }, 201)], async (baseURL) => {
    const { files } = new AkakoAPI({ baseURL });
    for (const file of ["text", null, {}, 5]) {
      const upload = files.uploadDocument("topic_1", file, { filename: "a.txt" });
      assert.match((await failureOf(upload)).message, /must be a Blob, bytes, or a stream/);
    }
    const resumable = files.uploadResumable("topic_1", pieces(), { filename: "a.txt" });
    assert.match((await failureOf(resumable)).message, /not for a resumable upload/);
  });
  assert.equal(received.length, 0);
});

test("links are below the prefix of the base address", async () => {
  const link = { url: "/api/s3/document/d/stream?link=x", expiresAt: "2026-01-31T08:00:00Z" };
  await scripted([success(link, 201)], async (baseURL) => {
    for (const prefix of ["/api", "/lms/api", "/lms/api/"]) {
      const root = baseURL.replace(/\/api$/, "");
      const api = new AkakoAPI({ baseURL: root + prefix });
      const { url } = await api.files.createDocumentLink("d");
      assert.equal(url, `${root}${prefix.replace(/\/$/, "")}/s3/document/d/stream?link=x`);
    }
  });
});

test("a client's signal ends its requests and its pauses", async () => {
  const reason = new Error("left the page");
  for (const [response, wait] of [
    [SILENCE, 50],
    [refused(429, "RATE_LIMITED", { "retry-after": "30" }), 50],
    [levels(), null],
  ]) {
    await scripted([response], async (baseURL) => {
      const end = new AbortController();
      if (wait === null) end.abort(reason);
      else setTimeout(() => end.abort(reason), wait);
      const api = new AkakoAPI({ baseURL, signal: end.signal });
      assert.equal(await failureOf(api.education.getLevels()), reason);
      const other = new AbortController();
      const download = api.files.downloadDocument("d", { signal: other.signal });
      assert.equal(await failureOf(download), reason);
    });
  }
});

test("a timeout may be unlimited, but not zero", async () => {
  await scripted([levels()], async (baseURL) => {
    for (const timeout of [Infinity, 2 ** 31]) {
      assert.equal((await new AkakoAPI({ baseURL, timeout }).education.getLevels()).length, 1);
    }
    for (const timeout of [0, -1, Number.NaN]) {
      assert.throws(() => new AkakoAPI({ baseURL, timeout }), /timeout must be more than 0/);
    }
  });
});

test("the token of an earlier try is not sent again", async () => {
  const received = await scripted([refused(401, "UNAUTHORIZED"), levels()], async (baseURL) => {
    const tokens = ["old", null];
    await new AkakoAPI({ baseURL, token: () => tokens.shift() }).education.getLevels();
  });
  assert.deepEqual(
    received.map((each) => each.headers["authorization"]),
    ["Bearer old", undefined],
  );
});

test("the id of an event is the one that is signed", async () => {
  const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
  const timestamp = String(Math.floor(Date.now() / 1000));
  const body = '{"type":"ping","timestamp":"2026-01-31T08:00:00Z","data":{"endpointId":"e"}}';
  const key = Buffer.from(secret.slice(6), "base64");
  const made = createHmac("sha256", key).update(`id_1.${timestamp}.${body}`).digest("base64");
  const headers = { "svix-id": "id_1", "svix-timestamp": timestamp, "svix-signature": `v1,${made}` };
  const event = await readEvent(body, { ...headers, "webhook-id": "id_2" }, secret);
  assert.equal(event.id, "id_1");
  // Headers of another realm or library: iterable, but no instance of this `Headers`.
  const foreign = { [Symbol.iterator]: () => Object.entries(headers)[Symbol.iterator]() };
  assert.equal((await verifyWebhook(body, foreign, secret)).type, "ping");
});
