// Uploads that go on where they broke off, after the tus protocol, version 1.0.
import { blobBody, blobOf, nameOf, type Progress, type Whole } from "./bodies.js";
import { type Client, segment } from "./client.js";
import { AkakoError, ConnectionFailedError, INTERRUPTED, UNREADABLE } from "./errors.js";

const PIECE_BYTES = 8 * 1024 * 1024;
const TUS = { "Tus-Resumable": "1.0.0" };

export interface ResumableOptions {
  /** The file's name, where the file itself has none. */
  filename?: string;
  /** The id that `started` received: resume that upload. */
  uploadId?: string;
  /** Receives the id of the upload. */
  started?: (uploadId: string) => void;
  /** Receives the number of bytes sent and their total; in browsers after each piece. */
  progress?: Progress;
  /** Receives the error of each failed attempt that is repeated. */
  interrupted?: (problem: unknown) => void;
  /** Bytes that are sent with one request (8 MiB). */
  pieceBytes?: number;
  /** Ends it; what has arrived is kept for a later call. */
  signal?: AbortSignal;
}

/** Send a file in pieces; returns what it has become, a document or a video. */
export async function upload<T>(
  client: Client,
  file: Whole,
  metadata: { kind: "document" | "video"; [name: string]: string | undefined },
  options: ResumableOptions,
): Promise<T> {
  const blob = blobOf(file);
  const { signal } = options;
  const upload = new Upload(client, blob, options);
  await upload.begin({ ...metadata, filename: nameOf(file, options.filename) });
  for (let tries = 0; ;) {
    const before = upload.offset;
    try {
      await upload.sendPiece();
      tries = 0;
    } catch (problem) {
      tries++;
      options.interrupted?.(problem);
      // 409: the server has more or less than we believe.
      const misplaced = problem instanceof AkakoError && problem.status === 409 && tries === 1;
      if (!misplaced) await client.recover(problem, tries, signal);
      await upload.look();
      if (upload.offset !== before) tries = 0;
      continue;
    }
    options.progress?.(upload.offset, blob.size);
    if (upload.offset === blob.size) return upload.result<T>(metadata.kind);
    if (upload.offset <= before) throw broken("The server took none of it");
  }
}

/** Give up an upload. */
export async function cancel(client: Client, uploadId: string): Promise<void> {
  await client.text("DELETE", `/uploads/${segment(uploadId)}`, { headers: TUS });
}

class Upload {
  offset = 0;
  #path = "";
  readonly #client: Client;
  readonly #blob: Blob;
  readonly #options: ResumableOptions;

  constructor(client: Client, blob: Blob, options: ResumableOptions) {
    this.#client = client;
    this.#blob = blob;
    this.#options = options;
  }

  /** Create the upload, or find out how far an earlier one is. */
  async begin(metadata: Record<string, string | undefined>): Promise<void> {
    const { uploadId, started, signal } = this.#options;
    if (uploadId !== undefined) {
      this.#path = `/uploads/${segment(uploadId)}`;
      return this.look();
    }
    const headers = {
      ...TUS,
      "Upload-Length": String(this.#blob.size),
      "Upload-Metadata": Object.entries(metadata)
        .flatMap(([name, text]) => (text === undefined ? [] : [`${name} ${base64(text)}`]))
        .join(","),
    };
    const [response] = await this.#client.text("POST", "/uploads", { headers, signal });
    // Only the id: wherever a location points, the token goes nowhere else.
    const id = /([^/]+)\/*$/.exec(response.headers.get("location") ?? "")?.[1];
    if (!id) throw broken("The answer names no upload");
    this.#path = `/uploads/${segment(id)}`;
    started?.(id);
  }

  /** Ask how much has arrived. */
  async look(): Promise<void> {
    const { signal } = this.#options;
    const [response] = await this.#client.text("HEAD", this.#path, { headers: TUS, signal });
    this.#stand(response);
  }

  /** Send the next piece. After the last one this sends nothing, and learns that it is there. */
  async sendPiece(): Promise<void> {
    const { progress, signal, pieceBytes = PIECE_BYTES } = this.#options;
    const piece = this.#blob.slice(this.offset, this.offset + pieceBytes);
    const place = { before: this.offset, total: this.#blob.size };
    const sent = blobBody(piece, piece.size ? progress : undefined, this.#client.timeout, place);
    const headers = {
      ...TUS,
      ...sent.headers,
      "Upload-Offset": String(this.offset),
      "Content-Type": "application/offset+octet-stream",
    };
    const request = { ...sent, headers, signal, retries: false };
    try {
      const [response] = await this.#client.text("PATCH", this.#path, request);
      this.#stand(response);
    } catch (problem) {
      // However it broke: what has arrived is kept.
      if (!(problem instanceof AkakoError) || problem.status !== 0) throw problem;
      throw broken(problem.message, INTERRUPTED);
    }
  }

  async result<T>(kind: "document" | "video"): Promise<T> {
    const { signal } = this.#options;
    const data = await this.#client.data<Record<string, T>>("GET", this.#path, { signal });
    if (!data?.[kind]) throw broken(`The answer names no ${kind}`);
    return data[kind];
  }

  #stand(response: Response): void {
    const value = response.headers.get("upload-offset") ?? "";
    if (!/^[0-9]+$/.test(value)) throw broken("The answer has no Upload-Offset");
    this.offset = Number(value);
  }
}

function broken(message: string, code = UNREADABLE): AkakoError {
  const Kind = code === INTERRUPTED ? ConnectionFailedError : AkakoError;
  return new Kind(message, 0, code);
}

function base64(text: string): string {
  return btoa(String.fromCharCode(...new TextEncoder().encode(text)));
}
