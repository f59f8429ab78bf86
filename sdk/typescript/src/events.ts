import type { webhooks } from "./schema.js";
import { type HeaderSource, readHeaders, verifyWebhook, WebhookVerificationError } from "./webhooks.js";

type Body<T extends keyof webhooks> =
  webhooks[T]["post"]["requestBody"]["content"]["application/json"];

/** The types of events. */
export type EventName = keyof webhooks;
/**
 * An event, whose `type` tells the type of `data`.
 *
 * `id` is the same in each delivery of the event: store it, and ignore an event whose id you have
 * seen.
 */
export type AkakoEvent = { [T in EventName]: Body<T> & { readonly id: string } }[EventName];

/**
 * The event of a webhook if its signature is valid; otherwise it throws a
 * WebhookVerificationError.
 *
 * Pass the body exactly as it was received. Several secrets (`whsec_…`) are tried, for a time of
 * rotation. Later versions of the server may send types that this version does not know.
 */
export async function readEvent(
  payload: string | Uint8Array,
  headers: HeaderSource,
  secret: string | readonly string[],
): Promise<AkakoEvent> {
  const body = (await verifyWebhook(payload, headers, secret)) as Partial<AkakoEvent> | null;
  const [id] = readHeaders(headers); // the one that is signed
  if (typeof body?.type !== "string" || typeof body.data !== "object" || !body.timestamp) {
    throw new WebhookVerificationError("the message is not an event of Akako LMS");
  }
  return { ...body, id } as AkakoEvent;
}
