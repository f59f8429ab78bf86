import type { Client, Request } from "./client.js";
import type { Line } from "./line.js";

/** Bytes one after the other: a stream, one of Node's too, or an async generator. */
export type ByteStream = ReadableStream<Uint8Array> | AsyncIterable<Uint8Array>;
/** A file to send. A stream is sent once, and only outside browsers. */
export type UploadFile = Blob | Uint8Array | ArrayBuffer | ByteStream;
/** Receives the number of bytes transferred and, if known, their total. */
export type Progress = (done: number, total: number | null) => void;

export type Whole = Exclude<UploadFile, ByteStream>;
type Bytes = ReadableStream<Uint8Array<ArrayBuffer>>;
type Runtime = { process?: { versions?: { node?: string } }; window?: unknown };

const { process: node, window: browser } = globalThis as Runtime;
// Browsers send streams to few servers, and only Chromium does; blobs they send to all.
const SENDS_STREAMS = node?.versions?.node !== undefined && browser === undefined;
const SLOWEST_BYTES_PER_MILLISECOND = 8;

export function blobOf(file: Whole): Blob {
  if (file instanceof Blob) return file;
  if (file instanceof ArrayBuffer || ArrayBuffer.isView(file)) {
    return new Blob([file as Uint8Array<ArrayBuffer>]);
  }
  const kinds = "a Blob, bytes, or a stream (not for a resumable upload)";
  throw new TypeError(`a file to upload must be ${kinds}, not ${typeof file}`);
}

/** The file as a stream, if it is one. */
function streamOf(file: UploadFile): ReadableStream<Uint8Array> | null {
  if (file instanceof ReadableStream) return file;
  const made = (file as AsyncIterable<Uint8Array> | null)?.[Symbol.asyncIterator]?.();
  if (!made) return null;
  return new ReadableStream<Uint8Array>({
    async pull(to) {
      const { done, value } = await made.next();
      if (done) to.close();
      else to.enqueue(value);
    },
    async cancel() {
      await made.return?.();
    },
  });
}

export function nameOf(file: UploadFile, given: string | undefined): string {
  const name = given ?? (file as { name?: unknown }).name;
  if (typeof name !== "string" || !name) {
    throw new TypeError("filename is needed where the file has no name");
  }
  return name;
}

/** A body of known size that tells its progress, as far as the place allows. */
export function blobBody(
  blob: Blob,
  progress: Progress | undefined,
  silence: number,
  place: { before: number; total: number; head?: number },
): Pick<Request, "body" | "headers" | "timeout"> {
  if (!progress || !SENDS_STREAMS) {
    // It cannot be seen whether bytes go: the time must do for all of them.
    const timeout = silence + blob.size / SLOWEST_BYTES_PER_MILLISECOND;
    return { body: () => blob, timeout };
  }
  return {
    headers: { "Content-Length": String(blob.size) },
    body: (line) => counted(blob.stream() as Bytes, line, progress, place),
  };
}

/** Calls `progress` as the bytes of a file go, framing left aside. What it throws ends the call. */
function counted(
  bytes: ReadableStream<Uint8Array>,
  line: Line,
  progress: Progress | undefined,
  place: { before: number; total: number | null; head?: number },
): ReadableStream<Uint8Array> {
  let sent = place.before - (place.head ?? 0);
  let reported = 0;
  const count = new TransformStream<Uint8Array, Uint8Array>({
    transform(chunk, controller) {
      line.alive();
      sent += chunk.length;
      const done = Math.min(sent, place.total ?? sent);
      try {
        if (done > reported) progress?.(done, place.total);
      } catch (error) {
        line.stop(error);
        throw error;
      }
      reported = Math.max(reported, done);
      controller.enqueue(chunk);
    },
  });
  return bytes.pipeThrough(count);
}

const encode = (text: string) => new TextEncoder().encode(text);

function part(boundary: string, disposition: string, text: string | null): string {
  const kind = text === null ? "Content-Type: application/octet-stream\r\n" : "";
  const head = `--${boundary}\r\nContent-Disposition: form-data; ${disposition}\r\n${kind}\r\n`;
  return text === null ? head : `${head}${text}\r\n`;
}

/** A file name within quotes, escaped as browsers do it. */
function quoted(name: string): string {
  return name.replace(/["\r\n]/g, (found) => encodeURIComponent(found));
}

/** Send a multipart form with texts and, as its last part, a file. */
export async function sendForm<T>(
  client: Client,
  [method, path]: [string, string],
  texts: Record<string, string>,
  [field, file]: [string, UploadFile],
  options: { filename?: string; progress?: Progress } & Pick<Request, "signal" | "ifMatch">,
): Promise<T> {
  const { signal, ifMatch, progress } = options;
  const request = form(texts, field, file, options, client.timeout);
  const data = await client.data<T>(method, path, { ...request, signal, ifMatch });
  if (!SENDS_STREAMS && progress && !streamOf(file)) {
    const { size } = blobOf(file as Whole);
    progress(size, size);
  }
  return data;
}

function form(
  texts: Record<string, string>,
  field: string,
  file: UploadFile,
  options: { filename?: string; progress?: Progress },
  silence: number,
): Pick<Request, "body" | "headers" | "timeout" | "repeatable"> {
  const boundary = Array.from("1234", () => Math.random().toString(36).slice(2)).join("");
  const parts = Object.entries(texts).map(([name, text]) => part(boundary, `name="${name}"`, text));
  const named = `name="${field}"; filename="${quoted(nameOf(file, options.filename))}"`;
  const head = encode(parts.join("") + part(boundary, named, null));
  const tail = encode(`\r\n--${boundary}--\r\n`);
  const kind = { "Content-Type": `multipart/form-data; boundary=${boundary}` };
  const { progress } = options;
  const stream = streamOf(file);
  if (stream) {
    const place = { before: 0, total: null };
    const body = (line: Line) => framed(head, counted(stream, line, progress, place), tail);
    return { headers: kind, body, repeatable: false };
  }
  const blob = blobOf(file as Whole);
  const place = { before: 0, total: blob.size, head: head.length };
  const whole = blobBody(new Blob([head, blob, tail]), progress, silence, place);
  return { ...whole, headers: { ...kind, ...whole.headers } };
}

function framed(
  head: Uint8Array,
  file: ReadableStream<Uint8Array>,
  tail: Uint8Array,
): ReadableStream<Uint8Array> {
  return file.pipeThrough(
    new TransformStream<Uint8Array, Uint8Array>({
      start: (controller) => controller.enqueue(head),
      flush: (controller) => controller.enqueue(tail),
    }),
  );
}
