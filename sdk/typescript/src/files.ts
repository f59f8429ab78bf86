import type { Change } from "./areas.js";
import type { Client, Page, Schemas } from "./client.js";

export interface UploadOptions {
  /** The file's name, where the blob itself has none. */
  fileName?: string;
  signal?: AbortSignal;
}
export interface DocumentOptions extends UploadOptions {
  name?: string;
  description?: string;
}
export interface DownloadOptions {
  /** The first byte that is wanted, to go on with a download that was cut. */
  start?: number;
  /** Go on only if the file is still this one; otherwise all of it is sent. */
  etag?: string;
  signal?: AbortSignal;
}

const id = encodeURIComponent;

function nameOf(file: Blob, options: UploadOptions): string {
  const own = (file as { name?: unknown }).name;
  const name = options.fileName ?? (typeof own === "string" ? own : undefined);
  if (!name) throw new TypeError("fileName is needed, because the file has no name");
  return name;
}

function open(client: Client, path: string, query: Record<string, string>, options: DownloadOptions) {
  const headers: Record<string, string> = {};
  if (options.start) headers["Range"] = `bytes=${options.start}-`;
  if (options.start && options.etag) headers["If-Range"] = options.etag;
  return client.send("GET", path, { query, headers, signal: options.signal });
}

/** Documents of topics. */
export class Files {
  constructor(private readonly client: Client) {}

  uploadDocument(
    topicId: string,
    file: Blob,
    options: DocumentOptions = {},
  ): Promise<Schemas["Document"]> {
    const form = new FormData();
    form.set("topicId", topicId);
    const { name, description } = options;
    form.set("metadata", JSON.stringify({ name, description }));
    form.set("file", file, nameOf(file, options));
    const { signal } = options;
    return this.client.data("POST", "/s3/document/upload", { body: form, signal, timeout: 0 });
  }
  getDocuments(topicId: string, query?: { page?: number; limit?: number }): Promise<Page<Schemas["Document"]>> {
    return this.client.page(`/education/topics/${id(topicId)}/documents`, query);
  }
  iterDocuments(topicId: string): AsyncGenerator<Schemas["Document"]> {
    return this.client.items(`/education/topics/${id(topicId)}/documents`);
  }
  /** The document as a streaming Response: read `body`, `blob()` or `arrayBuffer()`. */
  streamDocument(documentId: string, options: DownloadOptions = {}): Promise<Response> {
    return open(this.client, "/s3/document/stream", { documentId }, options);
  }
  deleteDocument(topicId: string, documentId: string): Promise<Schemas["DocumentDeleted"]> {
    const path = `/admin/education/topics/${id(topicId)}/documents/${id(documentId)}`;
    return this.client.data("DELETE", path);
  }
}

/** The video of a topic. */
export class Videos {
  constructor(private readonly client: Client) {}

  uploadVideo(
    topicId: string,
    file: Blob,
    options: UploadOptions & Change = {},
  ): Promise<Schemas["Video"]> {
    const form = new FormData();
    form.set("video", file, nameOf(file, options));
    const path = `/admin/education/topics/${id(topicId)}/video`;
    const { signal, ifMatch } = options;
    return this.client.data("PUT", path, { body: form, signal, ifMatch, timeout: 0 });
  }
  /** The video as a streaming Response. */
  playVideo(topicId: string, options: DownloadOptions = {}): Promise<Response> {
    return open(this.client, `/education/topics/${id(topicId)}/video`, {}, options);
  }
  deleteVideo(topicId: string, change: Change = {}): Promise<Schemas["VideoDeleted"]> {
    return this.client.data("DELETE", `/admin/education/topics/${id(topicId)}/video`, change);
  }
}
