// Signatures of Standard Webhooks.
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { test } from "node:test";

import { verifyWebhook, WebhookVerificationError } from "@akako/lms-sdk";

const SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const OTHER = "whsec_plJ3nmyCDGBKInavdOK15jsl";
const BODY = '{"test": 2432232314}';

function headers({ family = "svix", body = BODY, age = 0 } = {}) {
  const timestamp = String(Math.floor(Date.now() / 1000 - age));
  const key = Buffer.from(SECRET.slice(6), "base64");
  const signature = createHmac("sha256", key)
    .update(`msg_1.${timestamp}.`)
    .update(body)
    .digest("base64");
  return {
    [`${family}-id`]: "msg_1",
    [`${family}-timestamp`]: timestamp,
    [`${family}-signature`]: `v1,${signature}`,
  };
}

const refuses = (payload, sent, problem) =>
  assert.rejects(verifyWebhook(payload, sent, SECRET), (error) => {
    assert.ok(error instanceof WebhookVerificationError);
    assert.match(error.message, problem ?? /./);
    return true;
  });

test("a published signature", async () => {
  const sent = {
    "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
    "webhook-timestamp": "1614265330",
    "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
  };
  const { now } = Date;
  Date.now = () => 1614265330_000;
  try {
    assert.deepEqual(await verifyWebhook(BODY, sent, SECRET), { test: 2432232314 });
  } finally {
    Date.now = now;
  }
});

test("a genuine message is read", async () => {
  for (const family of ["svix", "webhook", "x-svix", "Svix"]) {
    assert.deepEqual(await verifyWebhook(BODY, headers({ family }), SECRET), { test: 2432232314 });
    const bytes = new TextEncoder().encode(BODY);
    assert.ok(await verifyWebhook(bytes, new Headers(headers({ family })), [OTHER, SECRET]));
  }
});

test("one of several signatures is enough", async () => {
  const sent = headers();
  sent["svix-signature"] = `v1,AAAA v2,x v1,!! ${sent["svix-signature"]} v1,ä`;
  assert.ok(await verifyWebhook(BODY, sent, SECRET));
});

test("an old or future message is refused", async () => {
  for (const age of [-310, 310]) await refuses(BODY, headers({ age }), /five minutes/);
});

test("a forged message is refused", async () => {
  await refuses(`${BODY} `, headers());
  for (const changed of [
    { "svix-signature": "v1,AAAA" },
    { "svix-signature": "nocomma" },
    { "svix-signature": "" },
    { "svix-id": "msg_2" },
    { "svix-id": "two words" },
    { "svix-timestamp": "now" },
    { "svix-timestamp": "1".repeat(5000) },
    { "svix-timestamp": undefined },
  ]) {
    await refuses(BODY, { ...headers(), ...changed });
  }
  await refuses(BODY, {}, /missing/);
});

test("families are not mixed", async () => {
  const { "svix-signature": signature, ...rest } = headers();
  await refuses(BODY, { ...rest, "webhook-signature": signature }, /missing/);
});

test("a signed message that is not JSON is refused", async () => {
  for (const body of [Buffer.from([0xff]), Buffer.from(""), Buffer.from("not JSON")]) {
    await refuses(body, headers({ body }), /not JSON/);
  }
});

test("a malformed secret is reported", async () => {
  for (const secret of ["whsec_%%%", "whsec_", "whsec_ä"]) {
    await assert.rejects(verifyWebhook(BODY, headers(), secret), /webhook secret/);
  }
});
