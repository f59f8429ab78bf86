import type { Progress } from "./bodies.js";
import type { Client, Query } from "./client.js";
import { AkakoError, ConnectionFailedError, INTERRUPTED, UNREADABLE } from "./errors.js";
import type { Line } from "./line.js";

export interface DownloadOptions {
  /** Receives the number of bytes received and the size of the file. */
  progress?: Progress;
  /** The first byte that is wanted, to go on with an earlier download. */
  start?: number;
  /** The earlier download's `etag`: if the file is another one now, all of it is sent. */
  etag?: string | null;
  signal?: AbortSignal;
}

/** A file on its way. The line may break: `body` goes on from there. */
export class Download {
  /** The bytes, from `start` to the end of the file. */
  readonly body: ReadableStream<Uint8Array>;

  constructor(
    source: Source,
    /** The first byte of `body`: 0, unless an earlier download goes on. */
    readonly start: number,
    /** Bytes of the whole file. */
    readonly size: number | null,
    readonly fileName: string | null,
    readonly mimeType: string | null,
    /** Names this version of the file, for going on later. */
    readonly etag: string | null,
  ) {
    const pull = (to: ReadableStreamDefaultController<Uint8Array>) => source.pull(to);
    const cancel = (reason: unknown) => source.cancel(reason);
    this.body = new ReadableStream({ pull, cancel }, { highWaterMark: 0 });
  }

  /** All of `body`, which is then used up. */
  async blob(): Promise<Blob> {
    const headers = new Headers(this.mimeType ? { "Content-Type": this.mimeType } : {});
    return new Response(this.body, { headers }).blob();
  }

  /** All of `body`, which is then used up. */
  async bytes(): Promise<Uint8Array> {
    return new Uint8Array(await new Response(this.body).arrayBuffer());
  }
}

export async function download(
  client: Client,
  path: string,
  query: Query,
  options: DownloadOptions,
): Promise<Download> {
  const source = new Source(client, path, query, options);
  const { headers } = await source.begin();
  return new Download(
    source,
    source.have,
    source.size,
    fileName(headers.get("content-disposition") ?? ""),
    headers.get("content-type"),
    headers.get("etag"),
  );
}

/** Where a download's bytes come from. */
class Source {
  have: number;
  size: number | null = null;
  #etag: string | null;
  #line!: Line;
  #reader: ReadableStreamDefaultReader<Uint8Array> | null = null;
  #tries = 0;
  readonly #ask: (headers: Record<string, string>) => Promise<[Response, Line]>;
  readonly #recover: (problem: unknown) => Promise<void>;
  readonly #progress: Progress | undefined;

  constructor(client: Client, path: string, query: Query, options: DownloadOptions) {
    const { start = 0, etag = null, signal, progress } = options;
    this.have = start;
    this.#etag = etag;
    this.#progress = progress;
    this.#ask = (headers) => client.open("GET", path, { query, headers, signal });
    this.#recover = (problem) => client.recover(problem, ++this.#tries, signal);
  }

  /** Ask for what is missing. */
  async begin(): Promise<Response> {
    const headers: Record<string, string> = {};
    if (this.have > 0) headers["Range"] = `bytes=${this.have}-`;
    if (this.have > 0 && this.#etag) headers["If-Range"] = this.#etag;
    const [response, line] = await this.#ask(headers);
    line.rest();
    this.#line = line;
    this.#reader = response.body?.getReader() ?? null;
    const first = response.status === 206 ? firstByte(response.headers) : 0;
    if (response.status === 206 && first !== this.have) {
      await this.cancel();
      throw new AkakoError("Another part of the file came than was asked for", 206, UNREADABLE);
    }
    this.have = first;
    this.size = sizeOf(response.headers);
    this.#etag = response.headers.get("etag");
    return response;
  }

  async pull(to: ReadableStreamDefaultController<Uint8Array>): Promise<void> {
    const chunk = await this.#next();
    if (!chunk) {
      this.#line.close();
      to.close();
      return;
    }
    this.have += chunk.length;
    try {
      this.#progress?.(this.have, this.size);
    } catch (error) {
      await this.cancel(error);
      throw error;
    }
    to.enqueue(chunk);
  }

  async cancel(reason?: unknown): Promise<void> {
    this.#line.close();
    await this.#reader?.cancel(reason).catch(() => {});
  }

  /** The next bytes, over as many connections as it takes; null at the end. */
  async #next(): Promise<Uint8Array | null> {
    for (;;) {
      try {
        const chunk = await this.#read();
        this.#tries = 0;
        return chunk;
      } catch (error) {
        this.#line.close();
        await this.#recover(error);
      }
      await this.#goOn();
    }
  }

  async #read(): Promise<Uint8Array | null> {
    this.#line.alive();
    try {
      const chunk = await this.#reader?.read();
      if (chunk && !chunk.done) return chunk.value;
    } catch (error) {
      throw this.#line.explain(error, INTERRUPTED);
    } finally {
      this.#line.rest();
    }
    if (this.size === null || this.have >= this.size) return null;
    throw new ConnectionFailedError("The file broke off", 0, INTERRUPTED);
  }

  async #goOn(): Promise<void> {
    const had = this.have;
    await this.begin();
    if (this.have === had) return;
    await this.cancel();
    throw new AkakoError("The file changed while it was downloaded", 200, UNREADABLE);
  }
}

/** The name in full, of which `filename` is only what fits into ASCII. */
function fileName(disposition: string): string | null {
  const full = /filename\*=UTF-8''([^;\s]+)/i.exec(disposition);
  if (full) return decodeURIComponent(full[1]!);
  return /filename="([^"]*)"/.exec(disposition)?.[1] ?? null;
}

function firstByte(headers: Headers): number {
  return Number(/^bytes ([0-9]+)-/.exec(headers.get("content-range") ?? "")?.[1]);
}

/** The size of the whole file, whichever part of it this is. */
function sizeOf(headers: Headers): number | null {
  const range = /\/([0-9]+)$/.exec(headers.get("content-range") ?? "")?.[1];
  const size = range ?? headers.get("content-length");
  return size === null ? null : Number(size);
}
