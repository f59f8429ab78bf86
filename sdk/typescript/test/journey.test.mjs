// The story of a school over HTTP, against a running server named by AKAKO_URL and AKAKO_TOKENS.
import assert from "node:assert/strict";
import { createHash, createHmac, randomUUID } from "node:crypto";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { test } from "node:test";

import {
  AkakoAPI,
  ConflictError,
  ForbiddenError,
  RateLimitError,
  ServerError,
  ValidationError,
  verifyWebhook,
} from "@akako/lms-sdk";

const baseURL = `${process.env.AKAKO_URL}/api`;
const tokens = JSON.parse(process.env.AKAKO_TOKENS);
const as = (who) => new AkakoAPI({ baseURL, token: tokens[who] });
const unique = () => randomUUID().slice(0, 8);

test("the reference's snippet", async () => {
  const api = new AkakoAPI({ baseURL, token: tokens.admin });
  // Get education levels
  const levels = await api.education.getLevels();
  // Create new level
  const newLevel = await api.education.createLevel({
    name: "High School",
    description: "Secondary education",
  });
  assert.equal(newLevel.name, "High School");
  assert.equal(levels.pagination.page, 1);
  await assert.rejects(api.education.createLevel({ name: "High School" }), (error) => {
    assert.ok(error instanceof ConflictError);
    assert.equal(error.status, 409);
    assert.equal(error.code, "CONFLICT");
    assert.deepEqual(error.details, {
      resource: "education_level",
      field: "name",
      value: "High School",
    });
    assert.match(error.requestId, /^[0-9a-f]+$/);
    return true;
  });
});

test("both module systems", () => {
  const commonjs = createRequire(import.meta.url)("@akako/lms-sdk");
  assert.equal(typeof commonjs.AkakoAPI, "function");
});

test("a school from the first level to a learner's download", async () => {
  const [admin, mentor, learner] = [as("admin"), as("mentor"), as("learner")];
  const mentorId = (await mentor.auth.getProfile()).id;
  const level = await admin.education.createLevel({ name: `Level ${unique()}` });
  const grade = await admin.education.createGrade({
    name: "Grade 1",
    educationLevelId: level.id,
    level: "primary",
  });
  const subject = await admin.education.createSubject({
    name: "Mathematics",
    gradeId: grade.id,
    mentorId,
  });
  const topic = await mentor.education.createTopic({ name: "Addition", subjectId: subject.id });

  const content = new Blob([`%PDF-1.4\n${"x".repeat(100_000)}\n%%EOF\n`]);
  const document = await mentor.files.uploadDocument(topic.id, content, {
    fileName: "notes.pdf",
    description: "Study material",
  });
  const bytes = Buffer.from(await content.arrayBuffer());
  assert.equal(document.sha256, createHash("sha256").update(bytes).digest("hex"));

  await assert.rejects(learner.files.streamDocument(document.id), ForbiddenError);
  const request = await learner.enrollment.requestEnrollment(subject.id, "Please");
  const pending = await admin.enrollment.getPendingEnrollments({ subjectId: subject.id });
  assert.deepEqual(pending.map((each) => each.id), [request.id]);
  assert.equal((await admin.enrollment.approveEnrollment(request.id)).status, "APPROVED");

  const whole = await learner.files.streamDocument(document.id);
  assert.deepEqual(Buffer.from(await whole.arrayBuffer()), bytes);
  const etag = whole.headers.get("etag");
  const rest = await learner.files.streamDocument(document.id, { start: 1000, etag });
  assert.equal(rest.status, 206);
  assert.deepEqual(Buffer.from(await rest.arrayBuffer()), bytes.subarray(1000));
});

test("iterators follow the cursor", async () => {
  const admin = as("admin");
  const prefix = `Walk ${unique()}`;
  for (let n = 0; n < 25; n++) await admin.education.createLevel({ name: `${prefix} ${n}` });
  const seen = [];
  for await (const level of admin.education.iterLevels({ search: prefix, limit: 10 })) {
    seen.push(level.name);
  }
  assert.equal(new Set(seen).size, 25);
});

test("bad input names the field", async () => {
  await assert.rejects(as("admin").education.createLevel({ name: "" }), (error) => {
    assert.ok(error instanceof ValidationError);
    assert.equal(error.details.field, "name");
    return true;
  });
});

test("plain http is refused beyond this machine", () => {
  assert.throws(() => new AkakoAPI({ baseURL: "http://akako.example.com/api" }), TypeError);
  new AkakoAPI({ baseURL: "http://[::1]:8000/api/" });
});

/** A server that answers with these, one after the other, and remembers what it was asked. */
async function scripted(answers, use) {
  const asked = [];
  const server = createServer((request, response) => {
    asked.push(request.headers);
    request.resume();
    const { status, headers = {}, body = "{}" } = answers[asked.length - 1] ?? answers.at(-1);
    response.writeHead(status, headers).end(body);
  });
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  try {
    await use(`http://127.0.0.1:${server.address().port}/api`, asked);
  } finally {
    server.close();
    server.closeAllConnections();
  }
}

const created = { status: 201, body: '{"success":true,"data":{"id":"1","name":"A"}}' };

test("a write is tried again with the same key, after the time it was asked to wait", async () => {
  const busy = { status: 429, headers: { "retry-after": "0" } };
  await scripted([busy, { status: 503 }, created], async (url, asked) => {
    const api = new AkakoAPI({ baseURL: url, token: "t" });
    assert.equal((await api.education.createLevel({ name: "A" })).id, "1");
    assert.equal(new Set(asked.map((headers) => headers["idempotency-key"])).size, 1);
    assert.equal(asked.length, 3);
  });
});

test("tries are bounded, and a long wait is left to the caller", async () => {
  await scripted([{ status: 503 }], async (url, asked) => {
    await assert.rejects(new AkakoAPI({ baseURL: url }).education.getLevels(), ServerError);
    assert.equal(asked.length, 3);
  });
  const long = { status: 429, headers: { "retry-after": "3600" } };
  await scripted([long], async (url, asked) => {
    await assert.rejects(new AkakoAPI({ baseURL: url }).education.getLevels(), RateLimitError);
    assert.equal(asked.length, 1);
  });
});

test("a token function is asked again once after a 401", async () => {
  const given = ["old", "new"];
  await scripted([{ status: 401 }, created], async (url, asked) => {
    const api = new AkakoAPI({ baseURL: url, token: async () => given.shift() });
    await api.education.createLevel({ name: "A" });
    assert.deepEqual(asked.map((headers) => headers.authorization), ["Bearer old", "Bearer new"]);
  });
});

test("redirects, pages of proxies and cut answers become errors", async () => {
  const elsewhere = { status: 302, headers: { location: "http://127.0.0.1:1/" } };
  for (const answer of [
    elsewhere,
    { status: 404, headers: { "content-type": "text/html" }, body: "<h1>Nope</h1>" },
    { status: 200, body: '{"success":tr' },
  ]) {
    await scripted([answer], async (url, asked) => {
      const api = new AkakoAPI({ baseURL: url, token: "t" });
      await assert.rejects(api.education.getLevels(), (error) => error.code === "UNEXPECTED_ANSWER");
      assert.equal(asked.length, 1);
    });
  }
});

test("webhook signatures", async () => {
  const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
  const payload = '{"test": 2432232314}';
  const timestamp = String(Math.floor(Date.now() / 1000));
  const key = Buffer.from(secret.slice(6), "base64");
  const signature = createHmac("sha256", key).update(`msg_1.${timestamp}.${payload}`).digest("base64");
  const headers = {
    "svix-id": "msg_1",
    "svix-timestamp": timestamp,
    "svix-signature": `v2,x v1,!! v1,${signature}`,
  };
  assert.equal(await verifyWebhook(payload, headers, secret), true);
  assert.equal(await verifyWebhook(`${payload} `, headers, secret), false);
  assert.equal(await verifyWebhook(payload, new Headers({ ...headers, "svix-timestamp": "1" }), secret), false);
  assert.equal(await verifyWebhook(payload, {}, secret), false);
});
