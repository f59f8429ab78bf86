const TOLERANCE_SECONDS = 300;
const FAMILIES = ["svix", "webhook", "x-svix"];

type HeaderSource = Headers | Record<string, string | undefined>;

function reader(headers: HeaderSource): (name: string) => string | undefined {
  if (headers instanceof Headers) return (name) => headers.get(name) ?? undefined;
  const lower = Object.fromEntries(Object.entries(headers).map(([k, v]) => [k.toLowerCase(), v]));
  return (name) => lower[name];
}

function bytesOf(base64: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
}

/**
 * Whether a message was signed with the secret (`whsec_…`) not more than five minutes from now, in
 * the way of Standard Webhooks and Svix. Give the body as it arrived, not as it was parsed.
 */
export async function verifyWebhook(
  payload: string | Uint8Array<ArrayBuffer>,
  headers: HeaderSource,
  secret: string,
): Promise<boolean> {
  const get = reader(headers);
  const family = FAMILIES.find((each) => get(`${each}-id`) !== undefined);
  const [messageId, timestamp, signatures] = ["id", "timestamp", "signature"].map((part) =>
    get(`${family}-${part}`),
  );
  if (!messageId || !timestamp || !signatures || !/^[0-9]{1,12}$/.test(timestamp)) return false;
  if (Math.abs(Date.now() / 1000 - Number(timestamp)) > TOLERANCE_SECONDS) return false;
  const body = typeof payload === "string" ? new TextEncoder().encode(payload) : payload;
  const head = new TextEncoder().encode(`${messageId}.${timestamp}.`);
  const signed = new Uint8Array(head.length + body.length);
  signed.set(head);
  signed.set(body, head.length);
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  const raw = bytesOf(secret.replace(/^whsec_/, ""));
  const key = await crypto.subtle.importKey("raw", raw, algorithm, false, ["verify"]);
  for (const each of signatures.split(" ")) {
    if (!each.startsWith("v1,")) continue;
    try {
      // Compares in constant time.
      if (await crypto.subtle.verify("HMAC", key, bytesOf(each.slice(3)), signed)) return true;
    } catch {
      // Not base64, and so no signature.
    }
  }
  return false;
}
