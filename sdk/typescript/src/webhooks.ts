import { Area } from "./area.js";
import type { Schemas } from "./client.js";

const TOLERANCE_SECONDS = 5 * 60;
const MAX_SIGNATURES = 100;
const FAMILIES = ["svix", "webhook", "x-svix"];
const ALGORITHM = { name: "HMAC", hash: "SHA-256" };

type Bytes = Uint8Array<ArrayBuffer>;
export type HeaderSource = Headers | Record<string, string | readonly string[] | undefined>;

/** The message was not signed with the secret, or not within the last five minutes. */
export class WebhookVerificationError extends Error {
  override readonly name = "WebhookVerificationError";
}

/** Node 18 has it, but not as a global. */
async function subtle(): Promise<SubtleCrypto> {
  if (globalThis.crypto?.subtle) return globalThis.crypto.subtle;
  const node: string = "node:crypto"; // not for bundlers, which would look for it
  const { webcrypto } = await import(/* webpackIgnore: true */ /* @vite-ignore */ node);
  return webcrypto.subtle;
}

function bytesOf(base64: string): Bytes {
  return Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
}

async function keyOf(secret: string): Promise<CryptoKey> {
  let raw: Bytes;
  try {
    raw = bytesOf(secret.replace(/^whsec_/, ""));
  } catch {
    raw = new Uint8Array();
  }
  if (raw.length === 0) throw new TypeError("malformed webhook secret");
  return (await subtle()).importKey("raw", raw, ALGORITHM, false, ["sign", "verify"]);
}

/** What a signature is made over. */
function signedBytes(messageId: string, timestamp: string, body: Uint8Array): Bytes {
  const head = new TextEncoder().encode(`${messageId}.${timestamp}.`);
  const signed = new Uint8Array(head.length + body.length);
  signed.set(head);
  signed.set(body, head.length);
  return signed;
}

/** Id, timestamp and signature, all of the first header family of which anything is there. */
export function readHeaders(headers: HeaderSource): [string, string, string] {
  // Not `instanceof`: frameworks bring their own class of headers.
  const listed = typeof (headers as Headers)[Symbol.iterator] === "function";
  const pairs = listed ? [...(headers as Headers)] : Object.entries(headers);
  const found = new Map(pairs.map(([name, value]) => [name.toLowerCase(), String(value ?? "")]));
  for (const family of FAMILIES) {
    const [id, timestamp, signature] = ["id", "timestamp", "signature"].map(
      (part) => found.get(`${family}-${part}`) ?? "",
    ) as [string, string, string];
    if (!id && !timestamp && !signature) continue;
    if (!/^[!-~]{1,256}$/.test(id) || !/^[0-9]{1,12}$/.test(timestamp) || !signature) break;
    return [id, timestamp, signature];
  }
  throw new WebhookVerificationError("the signature headers are missing or malformed");
}

/**
 * The message's JSON if its signature holds, in the way of Standard Webhooks and Svix; otherwise it
 * throws a WebhookVerificationError.
 *
 * Give the body exactly as it came. Several secrets (`whsec_…`) are tried, for a time of rotation.
 */
export async function verifyWebhook(
  payload: string | Uint8Array,
  headers: HeaderSource,
  secret: string | readonly string[],
): Promise<unknown> {
  const body = typeof payload === "string" ? new TextEncoder().encode(payload) : payload;
  const [messageId, timestamp, signature] = readHeaders(headers);
  if (Math.abs(Date.now() / 1000 - Number(timestamp)) > TOLERANCE_SECONDS) {
    throw new WebhookVerificationError("the timestamp is more than five minutes away");
  }
  const keys = await Promise.all([secret].flat().map((each) => keyOf(each as string)));
  const signed = signedBytes(messageId, timestamp, body);
  if (!(await anyHolds(keys, signature, signed))) {
    throw new WebhookVerificationError("no signature matches");
  }
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(body));
  } catch {
    throw new WebhookVerificationError("the message is not JSON");
  }
}

async function anyHolds(keys: CryptoKey[], signature: string, signed: Bytes): Promise<boolean> {
  const crypto = await subtle();
  for (const each of signature.split(" ").slice(0, MAX_SIGNATURES)) {
    if (!each.startsWith("v1,")) continue;
    try {
      const given = bytesOf(each.slice(3));
      for (const key of keys) {
        // Compares in constant time.
        if (await crypto.verify("HMAC", key, given, signed)) return true;
      }
    } catch {
      // Not base64, and so no signature.
    }
  }
  return false;
}

/** What Clerk does, for trying out an installation. */
export class Webhooks extends Area {
  /** Sign an event such as Clerk sends and deliver it to the API. */
  async sendClerkEvent(event: object, options: { secret: string }): Promise<Schemas["Receipt"]> {
    const messageId = `msg_${Math.random().toString(36).slice(2)}${Date.now().toString(36)}`;
    const timestamp = String(Math.floor(Date.now() / 1000));
    const body = JSON.stringify(event);
    const signed = signedBytes(messageId, timestamp, new TextEncoder().encode(body));
    const made = await (await subtle()).sign("HMAC", await keyOf(options.secret), signed);
    const headers = {
      "Content-Type": "application/json",
      "svix-id": messageId,
      "svix-timestamp": timestamp,
      "svix-signature": `v1,${btoa(String.fromCharCode(...new Uint8Array(made)))}`,
    };
    return this.client.data("POST", "/webhooks/clerk", { headers, body: () => body });
  }
}
