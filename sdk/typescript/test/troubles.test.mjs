// Servers and proxies that misbehave: which requests are retried, and which errors are raised.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { createServer } from "node:http";
import { test } from "node:test";

import * as sdk from "@akako/lms-sdk";
import {
  answer,
  CUT,
  cut,
  failureOf,
  LEVEL,
  levels,
  refused,
  scripted,
  SILENCE,
  success,
} from "./scripted.mjs";

const { AkakoAPI, AkakoError } = sdk;
const PAGE = { "content-type": "text/html" };
const get = (api) => api.education.getLevels();
const create = (api) => api.education.createLevel({ name: "High School" });
const keys = (received) => received.map((each) => each.headers["idempotency-key"]);

for (const trouble of [429, 502, 503, 504, "cut", "cut later"]) {
  test(`a passing trouble is outlived: ${trouble}`, async () => {
    const later = cut(success(LEVEL, 201), 20);
    const bad =
      typeof trouble === "number" ? refused(trouble, "X") : trouble === "cut" ? CUT : later;
    const received = await scripted([bad, bad, success(LEVEL, 201)], async (baseURL) => {
      assert.equal((await create(new AkakoAPI({ baseURL }))).name, "High School");
    });
    assert.equal(received.length, 3);
    assert.ok(keys(received)[0]);
    assert.equal(new Set(keys(received)).size, 1);
  });
}

test("three tries and no more", async () => {
  for (const call of [get, create]) {
    const received = await scripted([refused(503, "X")], async (baseURL) => {
      const error = await failureOf(call(new AkakoAPI({ baseURL })));
      assert.ok(error instanceof sdk.ServiceUnavailableError);
      assert.equal(error.requestId, "req_1");
    });
    assert.equal(received.length, 3);
  }
});

test("every call has its own key, and one that only reads has none", async () => {
  const received = await scripted(
    [success(LEVEL, 201), success(LEVEL, 201), levels()],
    async (baseURL) => {
      const api = new AkakoAPI({ baseURL });
      await create(api);
      await create(api);
      await get(api);
    },
  );
  const [first, second, none] = keys(received);
  assert.notEqual(first, second);
  assert.equal(none, undefined);
});

test("a refusal is final, and has the class of its status", async () => {
  const kinds = {
    400: "BadRequest",
    401: "Unauthorized",
    403: "Forbidden",
    404: "NotFound",
    405: "MethodNotAllowed",
    408: "RequestTimeout",
    409: "Conflict",
    412: "PreconditionFailed",
    413: "PayloadTooLarge",
    414: "UriTooLong",
    415: "UnsupportedMediaType",
    416: "RangeNotSatisfiable",
    422: "Validation",
    423: "Locked",
    431: "HeadersTooLarge",
    460: "ChecksumMismatch",
    500: "InternalServer",
  };
  for (const [status, name] of Object.entries(kinds)) {
    const received = await scripted(
      [refused(Number(status), "CODE", {}, { a: 1 })],
      async (baseURL) => {
        const error = await failureOf(create(new AkakoAPI({ baseURL, token: "t" })));
        assert.equal(error.constructor, sdk[`${name}Error`]);
        assert.ok(error instanceof AkakoError);
        assert.equal(error.name, `${name}Error`);
        assert.equal(error.status, Number(status));
        assert.deepEqual([error.code, error.message, error.details], ["CODE", "No", { a: 1 }]);
      },
    );
    assert.equal(received.length, 1);
  }
});

test("the first try may still be at work", async () => {
  const busy = refused(409, "IDEMPOTENCY_IN_PROGRESS", { "retry-after": "0" });
  await scripted([busy, success(LEVEL, 201)], async (baseURL) => {
    assert.equal((await create(new AkakoAPI({ baseURL }))).id, "level_1");
  });
});

test("the client waits for Retry-After", async () => {
  const began = performance.now();
  await scripted([refused(429, "X", { "retry-after": "1" }), levels()], async (baseURL) => {
    await get(new AkakoAPI({ baseURL }));
  });
  assert.ok(performance.now() - began >= 999);
});

test("the client does not wait longer than a minute", async () => {
  for (const value of ["61", "86400", "Fri, 31 Dec 9999 23:59:59 GMT"]) {
    const received = await scripted(
      [refused(429, "QUOTA_EXCEEDED", { "retry-after": value })],
      async (baseURL) => {
        const error = await failureOf(get(new AkakoAPI({ baseURL })));
        assert.ok(error instanceof sdk.RateLimitError);
        assert.ok(error.retryAfter > 60);
      },
    );
    assert.equal(received.length, 1);
  }
});

test("an unreadable Retry-After is ignored", async () => {
  for (const value of ["soon", "-1", "1.5", ""]) {
    await scripted([refused(503, "X", { "retry-after": value }), levels()], async (baseURL) => {
      assert.equal((await get(new AkakoAPI({ baseURL }))).length, 1);
    });
  }
});

test("a closed port is a failed connection", async () => {
  let gone;
  await scripted([levels()], async (baseURL) => void (gone = baseURL));
  const error = await failureOf(get(new AkakoAPI({ baseURL: gone })));
  assert.ok(error instanceof sdk.ConnectionFailedError);
  assert.deepEqual([error.status, error.code], [0, "NO_ANSWER"]);
  const address = gone.replaceAll(".", "\\.");
  assert.match(error.message, new RegExp(`^No connection to ${address}/education/levels: .*REFUSED`));
});

test("a server that is merely slow is not asked again", async () => {
  const received = await scripted([SILENCE], async (baseURL) => {
    const error = await failureOf(get(new AkakoAPI({ baseURL, timeout: 200 })));
    const message = `No answer in time from ${baseURL}/education/levels`;
    assert.deepEqual([error.name, error.message], ["ConnectionFailedError", message]);
  });
  assert.equal(received.length, 1);
});

test("an answer that is not the API's is an AkakoError", async () => {
  const ok = (body, headers) => answer(200, body, headers);
  for (const bad of [
    ok("<html>Please sign in</html>", PAGE),
    ok(""),
    ok('{"success": true, "data": [{'),
    ok("[1]"),
    ok("null"),
    ok("[".repeat(100_000)),
    ok('{"success": true}'),
    ok('{"success": true, "data": 1, "pagination": {}}'),
    ok('{"success": true, "data": [], "pagination": null}'),
    cut(levels(), 30),
    answer(404, "<html>nginx</html>", PAGE),
    answer(500, '{"code": 7}'),
    answer(418, '{"code": "TEAPOT", "details": []}'),
    answer(304),
    answer(204),
  ]) {
    await scripted([bad], async (baseURL) => {
      const error = await failureOf(get(new AkakoAPI({ baseURL })));
      assert.ok(error instanceof AkakoError, `${error?.stack}`);
    });
  }
});

test("HTML says what it is; that of a proxy is outlived too", async () => {
  await scripted([answer(200, "<html></html>", PAGE)], async (baseURL) => {
    const error = await failureOf(create(new AkakoAPI({ baseURL })));
    assert.match(error.message, /text\/html/);
    assert.deepEqual([error.status, error.code], [200, "UNREADABLE_ANSWER"]);
  });
  const bad = answer(502, "<html>Bad gateway</html>", PAGE);
  await scripted([bad, levels()], async (baseURL) => {
    assert.equal((await get(new AkakoAPI({ baseURL }))).length, 1);
  });
  await scripted([bad], async (baseURL) => {
    assert.ok((await failureOf(get(new AkakoAPI({ baseURL })))) instanceof sdk.BadGatewayError);
  });
});

test("unknown fields are kept, and the version is available without being one of them", async () => {
  await scripted([success({ ...LEVEL, colour: "red" }, 201, { etag: '"v1"' })], async (baseURL) => {
    const level = await create(new AkakoAPI({ baseURL }));
    assert.deepEqual({ ...level }, { ...LEVEL, colour: "red" });
    assert.equal(level.etag, '"v1"');
    assert.equal(JSON.parse(JSON.stringify(level)).etag, undefined);
  });
});

test("a caller's signal ends the call and its tries", async () => {
  const received = await scripted([SILENCE], async (baseURL, seen) => {
    const ending = new AbortController();
    const file = new Blob(["x"]);
    const call = new AkakoAPI({ baseURL }).files.uploadDocument("t", file, {
      filename: "a.txt",
      signal: ending.signal,
    });
    const failed = failureOf(call);
    while (!seen.length) await new Promise((done) => setTimeout(done, 5));
    ending.abort(new Error("enough"));
    assert.equal((await failed).message, "enough");
  });
  assert.equal(received.length, 1);
});

test("a write whose answer was lost happens once", { skip: !process.env.AKAKO_URL }, async () => {
  let times = 0;
  // Sends everything on to the real server, and loses its first answer.
  const lossy = createServer(async (request, response) => {
    const { method, url, headers } = request;
    const pass = { method, headers: { ...headers, host: undefined, connection: undefined } };
    for (const [name, value] of Object.entries(pass.headers)) if (!value) delete pass.headers[name];
    if (method === "POST") Object.assign(pass, { body: request, duplex: "half" });
    delete pass.headers["content-length"];
    const answered = await fetch(process.env.AKAKO_URL + url, pass);
    const body = Buffer.from(await answered.arrayBuffer());
    if (++times === 1) return void request.socket.destroy();
    response.writeHead(answered.status, {
      "idempotent-replayed": answered.headers.get("idempotent-replayed") ?? "",
    });
    response.end(body);
  });
  await new Promise((done) => lossy.listen(0, "127.0.0.1", done));
  try {
    const name = `Lost ${randomUUID()}`;
    const token = JSON.parse(process.env.AKAKO_TOKENS).admin;
    const api = new AkakoAPI({ baseURL: `http://127.0.0.1:${lossy.address().port}/api`, token });
    const made = await api.education.createLevel({ name });
    assert.equal(times, 2);
    const found = await api.education.getLevels({ search: name });
    assert.deepEqual(
      found.map((each) => each.id),
      [made.id],
    );
  } finally {
    lossy.closeAllConnections();
    lossy.close();
  }
});
