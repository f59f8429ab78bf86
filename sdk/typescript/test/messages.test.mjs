// Messages of errors name the cause: the field, the missing /api, the exposed address.
import assert from "node:assert/strict";
import { test } from "node:test";
import { AkakoAPI } from "@akako/lms-sdk";
import { answer, failureOf, refused, scripted } from "./scripted.mjs";

const get = (api) => api.education.getLevels();

for (const [status, details, shown] of [
  [422, { field: "email", message: "x", value: "a@" }, "(field: email, value: a@, message: x)"],
  [409, { resource: "grade", field: "level", value: 7 }, "(field: level, value: 7)"],
  [403, { required: [], reason: "not_owner" }, "(reason: not_owner)"],
  [403, { required: ["ADMIN"], user_roles: [] }, '(required: ["ADMIN"], user_roles: [])'],
  [
    422,
    { field: "name", message: "Required", value: "", errors: [{}, {}] },
    '(field: name, value: "", message: Required; 2 errors)',
  ],
  [
    415,
    { reason: "extension", allowedExtensions: [".pdf", ".txt"] },
    '(reason: extension, allowedExtensions: [".pdf",".txt"])',
  ],
  [404, { resource: "grade", id: "grade_1" }, "(id: grade_1)"],
  [422, { field: "name", value: null }, "(field: name, value: null)"],
]) {
  test(`the message of ${status} says ${shown}`, async () => {
    await scripted([refused(status, "CODE", {}, details)], async (baseURL) => {
      const error = await failureOf(get(new AkakoAPI({ baseURL })));
      assert.equal(error.message, `No ${shown}`);
      assert.deepEqual(error.details, details);
    });
  });
}

test("an address without /api is explained", async () => {
  const page = answer(404, "<html>", { "content-type": "text/html" });
  for (const response of [refused(404, "NOT_FOUND"), page, answer(200, "<html>")]) {
    await scripted([response], async (baseURL) => {
      const bare = new AkakoAPI({ baseURL: baseURL.replace(/\/api$/, "") });
      const message = /baseURL lack \/api\? The request was for \/education\/levels/;
      assert.match((await failureOf(get(bare))).message, message);
      assert.doesNotMatch((await failureOf(get(new AkakoAPI({ baseURL })))).message, /lack/);
    });
  }
});

test("a malformed base address is shown", () => {
  for (const baseURL of ["akako.example.com/api", "", undefined]) {
    const shown = `not ${JSON.stringify(baseURL)}`;
    assert.throws(() => new AkakoAPI({ baseURL }), (error) => error.message.endsWith(shown));
  }
});

test("plain http in a trusted network is a warning", (context) => {
  const warn = context.mock.method(console, "warn", () => {});
  const open = (baseURL, more) => new AkakoAPI({ baseURL, token: "t", ...more });
  assert.throws(() => open("http://10.0.0.1/api"), /allowHttp/);
  assert.throws(() => open("ftp://10.0.0.1/api", { allowHttp: true }), /https/);
  assert.equal(warn.mock.callCount(), 0);
  open("http://10.0.0.1/api", { allowHttp: true });
  assert.match(warn.mock.calls[0].arguments[0], /10\.0\.0\.1 without encryption/);
  open("https://akako.example.com/api", { allowHttp: true });
  open("http://localhost/api", { allowHttp: true });
  assert.equal(warn.mock.callCount(), 1);
});
