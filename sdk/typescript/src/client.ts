import { AkakoError, ConnectionError, failure } from "./errors.js";
import type { components } from "./schema.js";

export type Schemas = components["schemas"];
export type Pagination = Schemas["Pagination"];

/** A token, or a function that gets one; tokens are short-lived, so a function is better. */
export type Token = string | (() => string | Promise<string>);
export type Query = Record<string, string | number | boolean | readonly string[] | undefined>;

export interface Options {
  /** Such as `https://akako.example.com/api`. Plain http is accepted for this machine only. */
  baseURL: string;
  token?: Token;
  /** Milliseconds until an answer must have begun (30,000). */
  timeout?: number;
  /** Tries of a request that may be repeated (3). */
  tries?: number;
  fetch?: typeof fetch;
}

export interface Request {
  query?: Query | undefined;
  json?: unknown;
  body?: BodyInit;
  headers?: Record<string, string>;
  ifMatch?: string | undefined;
  signal?: AbortSignal | undefined;
  /** Whether the body can be sent a second time (default) or is a stream that is gone. */
  repeatable?: boolean;
  /** Milliseconds for this request alone; 0 is no limit. */
  timeout?: number;
}

/** A page of a list: an array that also knows where it stands. */
export class Page<T> extends Array<T> {
  pagination!: Pagination;
  /** The cursor of the next page. */
  next: string | null = null;

  // Derived arrays (`map`, `filter`) are plain ones.
  static override get [Symbol.species]() {
    return Array;
  }
}

const PASSING = new Set([429, 502, 503, 504]);
const MAX_WAIT = 60;
const LOOPBACK = new Set(["localhost", "127.0.0.1", "[::1]"]);

function checked(baseURL: string): string {
  const url = new URL(baseURL);
  if (url.protocol !== "https:" && !(url.protocol === "http:" && LOOPBACK.has(url.hostname))) {
    throw new TypeError("baseURL must start with https:// (http:// for localhost only)");
  }
  return url.href.replace(/\/+$/, "");
}

const sleep = (seconds: number) => new Promise((done) => setTimeout(done, seconds * 1000));

/** Full jitter below a doubling bound; what the server asks for, where it asks. */
function pause(problem: AkakoError, tries: number): number {
  if (problem.retryAfter !== null) return problem.retryAfter;
  return Math.random() * 0.5 * 2 ** tries;
}

/** Sends requests: address, token, retries and errors in one place. */
export class Client {
  readonly #base: string;
  readonly #token: Token | undefined;
  readonly #timeout: number;
  readonly #tries: number;
  readonly #fetch: typeof fetch;

  constructor(options: Options) {
    this.#base = checked(options.baseURL);
    this.#token = options.token;
    this.#timeout = options.timeout ?? 30_000;
    this.#tries = options.tries ?? 3;
    this.#fetch = options.fetch ?? ((...args) => fetch(...args));
  }

  /** The address of a path of the API, or of a path that the API told. */
  url(path: string, query?: Query): string {
    const url = new URL(path.startsWith("/api/") ? this.#base.replace(/\/api$/, "") + path : this.#base + path);
    for (const [name, value] of Object.entries(query ?? {})) {
      if (value !== undefined) url.searchParams.set(name, String(value));
    }
    return url.href;
  }

  /** The `data` of an answer. */
  async data<T>(method: string, path: string, request: Request = {}): Promise<T> {
    const response = await this.send(method, path, request);
    return (await this.#json(response)).data as T;
  }

  /** A page of a list. */
  async page<T>(path: string, query?: Query): Promise<Page<T>> {
    const response = await this.send("GET", path, { query });
    const body = await this.#json(response);
    const page = Page.from(body.data as T[]) as Page<T>;
    page.pagination = body.pagination as Pagination;
    const link = /<([^>]*)>;\s*rel="next"/.exec(response.headers.get("link") ?? "");
    page.next = link ? new URL(link[1]!, this.#base).searchParams.get("cursor") : null;
    return page;
  }

  /** All items of a list, page after page. Rows added meanwhile make none appear twice. */
  async *items<T>(path: string, query?: Query): AsyncGenerator<T, void, undefined> {
    let page = await this.page<T>(path, query);
    for (;;) {
      yield* page;
      if (page.next === null) return;
      page = await this.page<T>(path, { ...query, page: undefined, cursor: page.next });
    }
  }

  async #json(response: Response): Promise<Record<string, unknown>> {
    const text = await response.text();
    try {
      return Object(JSON.parse(text));
    } catch {
      throw new AkakoError("The answer is no JSON", response.status, "UNEXPECTED_ANSWER");
    }
  }

  /** Send a request, again where that is safe and may help. Throws AkakoError. */
  async send(method: string, path: string, request: Request = {}): Promise<Response> {
    const headers = new Headers(request.headers);
    if (request.ifMatch) headers.set("If-Match", request.ifMatch);
    let body = request.body;
    if (request.json !== undefined) {
      headers.set("Content-Type", "application/json");
      body = JSON.stringify(request.json);
    }
    // The same key over all tries: a write whose answer was lost is not done twice.
    if (method !== "GET" && method !== "HEAD" && !headers.has("Idempotency-Key")) {
      headers.set("Idempotency-Key", crypto.randomUUID());
    }
    let refreshed = false;
    for (let tries = 1; ; tries++) {
      const problem = await this.#attempt(method, path, request, headers, body);
      if (problem instanceof Response) return problem;
      if (request.repeatable === false) throw problem;
      if (problem.status === 401 && typeof this.#token === "function" && !refreshed) {
        refreshed = true;
        continue;
      }
      const passing = problem instanceof ConnectionError || PASSING.has(problem.status);
      if (!passing || problem.code === "QUOTA_EXCEEDED" || tries >= this.#tries) throw problem;
      const wait = pause(problem, tries);
      if (wait > MAX_WAIT) throw problem;
      await sleep(wait);
    }
  }

  async #attempt(
    method: string,
    path: string,
    request: Request,
    headers: Headers,
    body: BodyInit | undefined,
  ): Promise<Response | AkakoError> {
    const token = typeof this.#token === "function" ? await this.#token() : this.#token;
    if (token) headers.set("Authorization", `Bearer ${token}`);
    const limit = new AbortController();
    const milliseconds = request.timeout ?? this.#timeout;
    const timer = milliseconds ? setTimeout(() => limit.abort(), milliseconds) : undefined;
    const stop = () => limit.abort(request.signal?.reason);
    request.signal?.addEventListener("abort", stop, { once: true });
    try {
      request.signal?.throwIfAborted();
      const init: RequestInit & { duplex?: "half" } = {
        method,
        headers,
        redirect: "manual", // the token goes to the API and nowhere else
        signal: limit.signal,
      };
      if (body !== undefined) init.body = body;
      if (body instanceof ReadableStream) init.duplex = "half";
      const response = await this.#fetch(this.url(path, request.query), init);
      if (response.ok || response.status === 304) return response;
      return await failure(response);
    } catch (error) {
      if (request.signal?.aborted) throw error;
      const reason = limit.signal.aborted ? "No answer in time" : "No connection";
      return new ConnectionError(reason, 0, "CONNECTION_FAILED");
    } finally {
      clearTimeout(timer);
    }
  }
}
