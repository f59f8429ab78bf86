// The token: when it is asked for, where it goes and where it never does.
import assert from "node:assert/strict";
import { test } from "node:test";

import { AkakoAPI, UnauthorizedError } from "@akako/lms-sdk";
import { answer, CUT, failureOf, levels, refused, scripted } from "./scripted.mjs";

const SECRET = "aaa.secret.zzz";
const get = (api) => api.education.getLevels();
const tokens = (received) => received.map((each) => each.headers.authorization);
const expired = refused(401, "UNAUTHORIZED");

test("it follows no redirect", async () => {
  for (const status of [301, 302, 303, 307, 308]) {
    const elsewhere = await scripted([levels()], async (other) => {
      const away = answer(status, "", { location: `${other}/education/levels` });
      const received = await scripted([away], async (baseURL) => {
        const error = await failureOf(get(new AkakoAPI({ baseURL, token: SECRET })));
        assert.deepEqual([error.status, error.code], [status, "REDIRECTED"]);
      });
      assert.equal(received.length, 1);
    });
    assert.deepEqual(elsewhere, []);
  }
});

test("what a browser shows of a redirect is one too", async () => {
  const opaque = {
    type: "opaqueredirect",
    status: 0,
    ok: false,
    headers: new Headers(),
    body: null,
  };
  const api = new AkakoAPI({ baseURL: "https://a.example/api", fetch: async () => opaque });
  assert.equal((await failureOf(get(api))).code, "REDIRECTED");
});

test("it follows no link", async () => {
  const elsewhere = await scripted([levels()], async (other) => {
    const link = `<${other}/education/levels?cursor=abc&limit=1>; rel="next"`;
    const received = await scripted([levels({ link }), levels()], async (baseURL) => {
      const seen = [];
      const api = new AkakoAPI({ baseURL, token: SECRET });
      for await (const level of api.education.iterLevels({ limit: 1 })) seen.push(level);
      assert.equal(seen.length, 2);
    });
    assert.equal(received[1].url, "/api/education/levels?cursor=abc&limit=1");
  });
  assert.deepEqual(elsewhere, []);
});

test("it is renewed once, where that can be", async () => {
  let number = 0;
  let received = await scripted([expired, levels()], async (baseURL) => {
    await get(new AkakoAPI({ baseURL, token: async () => `token${++number}` }));
  });
  assert.deepEqual(tokens(received), ["Bearer token1", "Bearer token2"]);
  for (const [token, times] of [
    [() => "t", 2],
    ["t", 1],
  ]) {
    received = await scripted([expired], async (baseURL) => {
      assert.ok(
        (await failureOf(get(new AkakoAPI({ baseURL, token })))) instanceof UnauthorizedError,
      );
    });
    assert.equal(received.length, times);
  }
});

test("without a token none is sent", async () => {
  for (const token of [undefined, "", () => null]) {
    const received = await scripted([levels()], async (baseURL) => {
      await get(new AkakoAPI({ baseURL, token }));
    });
    assert.deepEqual(tokens(received), [undefined]);
  }
});

test("it is never shown", async () => {
  const { inspect } = await import("node:util");
  let seen = inspect(new AkakoAPI({ baseURL: "https://a.example/api", token: SECRET }), {
    depth: 9,
  });
  for (const bad of [CUT, answer(200, "<html>"), refused(500, "X"), answer(302)]) {
    await scripted([bad], async (baseURL) => {
      const error = await failureOf(get(new AkakoAPI({ baseURL, token: SECRET })));
      seen += inspect(error, { depth: 9, showHidden: true });
    });
  }
  assert.doesNotMatch(seen, /secret/);
});

test("one that cannot be sent is not shown, and one with space around it is", async () => {
  for (const token of ["aaa\nsecret", "sécret", "two secrets", "\0secret"]) {
    const received = await scripted([levels()], async (baseURL) => {
      const error = await failureOf(get(new AkakoAPI({ baseURL, token })));
      assert.ok(error instanceof TypeError);
      assert.doesNotMatch(String(error.stack) + error.cause, /cret/);
    });
    assert.deepEqual(received, []);
  }
  const received = await scripted([levels()], async (baseURL) => {
    await get(new AkakoAPI({ baseURL, token: "token\n" }));
  });
  assert.deepEqual(tokens(received), ["Bearer token"]);
});

test("an unsafe address is refused", () => {
  for (const baseURL of [
    "http://akako.example.com/api",
    "http://localhost.example.com/api",
    "http://127.0.0.1.example.com/api",
    "http://10.0.0.1/api",
    "ftp://akako.example.com",
    "akako.example.com/api",
    "//akako.example.com/api",
    "https://",
    "https://user:password@akako.example.com/api",
    "https://akako.example.com/api?x=1",
    "http://localhost@akako.example.com/api",
    "https://akako.example.com:port/api",
    "",
  ]) {
    assert.throws(() => new AkakoAPI({ baseURL, token: SECRET }), TypeError, baseURL);
  }
});

test("a safe address is accepted, with a slash at its end or without", async () => {
  for (const baseURL of [
    "https://a.example/api",
    "http://localhost:1/api",
    "http://[::1]:8000/api",
    "HTTPS://a.example",
  ]) {
    new AkakoAPI({ baseURL });
  }
  const received = await scripted([levels()], async (baseURL) => {
    for (const end of ["", "/", "//"]) await get(new AkakoAPI({ baseURL: baseURL + end }));
  });
  assert.deepEqual(new Set(received.map((each) => each.url)), new Set(["/api/education/levels"]));
});

test("an id leads nowhere else", async () => {
  const received = await scripted([refused(404, "NOT_FOUND")], async (baseURL) => {
    const api = new AkakoAPI({ baseURL });
    for (const id of ["", ".", ".."]) {
      assert.ok((await failureOf(api.users.getUser(id))) instanceof TypeError);
    }
    for (const id of ["../users", "a/b", "a?b=c", "a#b"]) await failureOf(api.users.getUser(id));
  });
  assert.deepEqual(
    received.map((each) => each.url),
    ["..%2Fusers", "a%2Fb", "a%3Fb%3Dc", "a%23b"].map((id) => `/api/users/${id}`),
  );
});
