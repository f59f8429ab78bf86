// Requests to the API of this server with a short-lived token of the web session.
import { insist, release, text } from "./status";

interface Token {
  token: string;
  expiresAt: string;
}

const EARLY_MS = 30_000;
const user = document.documentElement.dataset.user ?? "";
let current: Token | undefined;
let pending: Promise<string> | undefined;
let offered = false;

async function fetchToken(): Promise<string> {
  const response = await fetch("/session/token", {
    method: "POST",
    credentials: "same-origin",
    headers: { "x-akako-user": user }, // another person may have signed in in another tab
  });
  if (response.status === 401 || response.status === 409) offerSignIn(response.status);
  if (!response.ok) throw new Error(`token: ${response.status}`);
  offered = false;
  release();
  const body = await response.json();
  current = (body.data ?? body) as Token;
  return current.token;
}

/** Say that nothing can be saved now, and offer to sign in until a token is given again. */
function offerSignIn(status: number): void {
  if (offered) return;
  offered = true;
  const run = () => location.assign(`/sign-in?next=${encodeURIComponent(location.pathname + location.search)}`);
  insist(text(status === 401 ? "signedOut" : "otherPerson"), { label: text("signIn"), run });
}

/** Return a token that is valid for some time yet; a new one after `forget`. */
export function token(): Promise<string> {
  if (current && Date.parse(current.expiresAt) - Date.now() > EARLY_MS) {
    return Promise.resolve(current.token);
  }
  pending = pending ?? fetchToken().finally(() => (pending = undefined));
  return pending;
}

/** Discard the token, because the server refused it. */
export function forget(): void {
  current = undefined;
}

/** Return whether a token is ready, so that a page that is being closed can still send a request. */
export function hasToken(): boolean {
  return current !== undefined && Date.parse(current.expiresAt) > Date.now();
}

/** Get the token before it is needed. */
export function prepare(): void {
  token().catch(() => undefined);
}

export async function request(
  method: string,
  path: string,
  body?: unknown,
  headers: Record<string, string> = {},
  again = true,
): Promise<Response> {
  const bearer = hasToken() && current ? current.token : await token();
  const response = await fetch(`/api${path}`, {
    method,
    keepalive: true,
    credentials: "omit",
    headers: { authorization: `Bearer ${bearer}`, "content-type": "application/json", ...headers },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  if (response.status !== 401 || !again) return response;
  forget(); // a new token, or the offer to sign in
  return request(method, path, body, headers, false);
}
