import { absolute, checked } from "./address.js";
import { AkakoError, envelope, failure, INTERRUPTED, unreadable } from "./errors.js";
import { Line } from "./line.js";
import type { components } from "./schema.js";

export { segment } from "./address.js";

export type Schemas = components["schemas"];
export type Pagination = Schemas["Pagination"];
/** An object with its version, where the server tells it, for `ifMatch`. */
export type Versioned<T> = T & { readonly etag?: string };

type Text = string | null | undefined;
/** A token, or a function that gets one; tokens are short-lived, so a function is better. */
export type Token = string | (() => Text | Promise<Text>);
export type Query = Record<
  string,
  string | number | boolean | Date | readonly string[] | undefined
>;

export interface Options {
  /** Such as `https://akako.example.com/api`. Plain http is accepted for this machine only. */
  baseURL: string;
  /** Accept http for other machines, with a warning: only in a network that you trust. */
  allowHttp?: boolean;
  token?: Token | undefined;
  /** Milliseconds of silence after which a request is given up (30,000); Infinity: never. */
  timeout?: number;
  /** Ends every request of this client when it is aborted. */
  signal?: AbortSignal | undefined;
  fetch?: typeof fetch;
}

/** A body to send. Not `BodyInit`: projects without the library DOM have no such type. */
type Body = string | Blob | ReadableStream<Uint8Array>;

/** A call, as it can be sent more than once. */
export interface Request {
  query?: Query | URLSearchParams | undefined;
  json?: unknown;
  /** Makes the body, for every try anew. */
  body?: (line: Line) => Body;
  headers?: Record<string, string>;
  ifMatch?: string | undefined;
  signal?: AbortSignal | undefined;
  /** False: the body can be read only once. */
  repeatable?: boolean;
  /** False: one try, for how to go on depends on what has arrived. */
  retries?: boolean;
  /** Milliseconds of silence, where they are not the client's. */
  timeout?: number | undefined;
}

/** A page of a list: an array that also carries `pagination`. */
export class Page<T> extends Array<T> {
  pagination!: Pagination;
  /** The query of the following page; null on the last one. */
  next: URLSearchParams | null = null;

  // Derived arrays (`map`, `filter`) are plain ones.
  static override get [Symbol.species]() {
    return Array;
  }
}

export const TRIES = 3;
const LONGEST_SECONDS = 60;
const FIRST_SECONDS = 0.5;
const PASSING = new Set([429, 502, 503, 504]);
// An earlier try may still be at work on the server after its connection broke.
const PASSING_CODES = new Set(["IDEMPOTENCY_IN_PROGRESS", "UPLOAD_LOCKED", INTERRUPTED]);
const MOST = 100;

/** The Authorization header. What cannot be sent is refused without showing it. */
function bearer(token: string): string {
  const sent = typeof token === "string" ? token.trim() : "";
  if (!/^[!-~]+$/.test(sent)) throw new TypeError("the token has characters that cannot be sent");
  return `Bearer ${sent}`;
}

function searchOf(query: Query | URLSearchParams): URLSearchParams {
  if (query instanceof URLSearchParams) return query;
  const given = Object.entries(query).filter(([, value]) => value !== undefined);
  const text = (value: unknown) => (value instanceof Date ? value.toISOString() : String(value));
  return new URLSearchParams(given.map(([name, value]) => [name, text(value)]));
}

function newKey(): string {
  const made = globalThis.crypto?.randomUUID?.(); // absent in Node 18 and on pages over http
  return made ?? Array.from("123", () => Math.random().toString(36).slice(2)).join("-");
}

function isPassing(problem: AkakoError): boolean {
  const named = PASSING.has(problem.status) || PASSING_CODES.has(problem.code);
  return named || (problem.status === 0 && problem.cause !== undefined);
}

/** Seconds until the next try; null if there should be none. */
function pause(problem: AkakoError, tries: number): number | null {
  if (tries >= TRIES || !isPassing(problem)) return null;
  // Full jitter: clients that failed together retry at different times.
  if (problem.retryAfter === null) return Math.random() * FIRST_SECONDS * 2 ** tries;
  if (problem.retryAfter > LONGEST_SECONDS) return null;
  return problem.retryAfter + Math.random() * FIRST_SECONDS;
}

async function sleep(seconds: number, signal: AbortSignal | undefined): Promise<void> {
  signal?.throwIfAborted();
  await new Promise<void>((done, fail) => {
    const stop = () => {
      clearTimeout(timer);
      fail(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", stop);
      done();
    }, seconds * 1000);
    signal?.addEventListener("abort", stop);
  });
}

/** A signal that is aborted with the first of both. */
function either(a?: AbortSignal, b?: AbortSignal): AbortSignal | undefined {
  if (!a || !b) return a ?? b;
  if (AbortSignal.any) return AbortSignal.any([a, b]);
  const both = new AbortController(); // Node 18
  for (const each of [a, b]) {
    if (each.aborted) both.abort(each.reason);
    each.addEventListener("abort", () => both.abort(each.reason), { signal: both.signal });
  }
  return both.signal;
}

/** Sends requests: address, token, retries and errors in one place. */
export class Client {
  readonly #base: string;
  readonly #token: Token | undefined;
  readonly #fetch: typeof fetch;
  readonly #signal: AbortSignal | undefined;
  readonly timeout: number;

  constructor(options: Options) {
    this.#base = checked(options.baseURL, options.allowHttp ?? false);
    this.#token = options.token;
    this.#fetch = options.fetch ?? ((...args) => fetch(...args));
    this.#signal = options.signal;
    this.timeout = options.timeout ?? 30_000;
    if (!(this.timeout > 0)) {
      throw new TypeError(`timeout must be more than 0 milliseconds, not ${this.timeout}`);
    }
  }

  /** The `data` of an answer. */
  async data<T>(method: string, path: string, request: Request = {}): Promise<T> {
    const [response, text] = await this.text(method, path, request);
    const { data } = envelope(response, text);
    const etag = response.headers.get("etag");
    // Not enumerable: an object that was read can be sent back as it is.
    if (etag && typeof data === "object") Object.defineProperty(data, "etag", { value: etag });
    return data as T;
  }

  /** An address of the server, which may be given as a path. */
  absolute(url: string): string {
    return absolute(url, this.#base);
  }

  /** A page of a list. */
  async page<T>(path: string, query: Query | URLSearchParams = {}): Promise<Page<T>> {
    const [response, text] = await this.text("GET", path, { query });
    const { data, pagination } = envelope(response, text);
    if (!Array.isArray(data) || !pagination) throw unreadable(response);
    const page = Page.from(data as T[]) as Page<T>;
    page.pagination = pagination as Pagination;
    const link = /<([^>]*)>[^,]*;\s*rel="?next\b/.exec(response.headers.get("link") ?? "");
    // Only the query: wherever a link points, the token goes nowhere else.
    page.next = link ? new URL(link[1]!, this.#base).searchParams : null;
    return page;
  }

  /** All items of a list, over all pages. Rows that are added during the iteration repeat or skip none. */
  async *items<T>(path: string, query: Query = {}): AsyncGenerator<T, void, undefined> {
    // Fewer calls: each of them counts towards the month's quota.
    let page = await this.page<T>(path, { limit: MOST, ...query });
    for (;;) {
      yield* page;
      if (!page.next) return;
      page = await this.page<T>(path, page.next);
    }
  }

  /** Send a request; the answer and its whole body. Throws AkakoError. */
  text(method: string, path: string, request: Request = {}): Promise<[Response, string]> {
    return this.#persist(method, path, request, async (response, line) => {
      try {
        return [response, await response.text()];
      } finally {
        line.close();
      }
    });
  }

  /** Send a request; the answer with its body unread, and the line to close after it. */
  open(method: string, path: string, request: Request = {}): Promise<[Response, Line]> {
    return this.#persist(method, path, request, async (response, line) => [response, line]);
  }

  /** Wait until it may be tried again; throw the problem if it should not be. */
  async recover(problem: unknown, tries: number, signal?: AbortSignal): Promise<void> {
    const wait = problem instanceof AkakoError ? pause(problem, tries) : null;
    if (wait === null) throw problem;
    await sleep(wait, either(signal, this.#signal));
  }

  async #persist<T>(
    method: string,
    path: string,
    request: Request,
    read: (response: Response, line: Line) => Promise<T>,
  ): Promise<T> {
    const once = request.retries === false || request.repeatable === false;
    let renews = typeof this.#token === "function" && request.repeatable !== false;
    const headers = this.#headers(method, request);
    const json = request.json === undefined ? undefined : JSON.stringify(request.json);
    for (let tries = once ? TRIES : 1; ; tries++) {
      try {
        return await this.#attempt(method, path, { ...request, json }, headers, read);
      } catch (problem) {
        if (renews && problem instanceof AkakoError && problem.status === 401) {
          renews = false;
          tries--;
        } else {
          await this.recover(problem, tries, request.signal);
        }
      }
    }
  }

  #headers(method: string, request: Request): Headers {
    const headers = new Headers(request.headers);
    if (request.ifMatch) headers.set("If-Match", request.ifMatch);
    if (request.json !== undefined) headers.set("Content-Type", "application/json");
    // The same key over all tries: a write whose answer was lost is not done twice.
    if (method === "POST" || method === "PUT" || method === "DELETE") {
      headers.set("Idempotency-Key", newKey());
    }
    return headers;
  }

  async #attempt<T>(
    method: string,
    path: string,
    request: Request,
    headers: Headers,
    read: (response: Response, line: Line) => Promise<T>,
  ): Promise<T> {
    const token = typeof this.#token === "function" ? await this.#token() : this.#token;
    headers.delete("Authorization"); // of an earlier try
    if (token) headers.set("Authorization", bearer(token));
    const signal = either(request.signal, this.#signal);
    const query = String(searchOf(request.query ?? {}));
    const line = new Line(this.#base + path, request.timeout ?? this.timeout, signal);
    try {
      const body = request.body ? request.body(line) : (request.json as string | undefined);
      const response = await this.#fetch(this.#base + path + (query && `?${query}`), {
        method,
        headers,
        redirect: "manual", // the token goes to the API and nowhere else
        signal: line.signal,
        ...(body !== undefined && { body: body as BodyInit }),
        ...(body instanceof ReadableStream && { duplex: "half" }),
      });
      if (!response.ok) throw await failure(response, this.#base + path);
      return await read(response, line);
    } catch (error) {
      line.close();
      throw line.explain(error);
    }
  }
}
