import { type Progress, sendForm, type UploadFile, type Whole } from "./bodies.js";
import { Area, type Changing, type PageQuery } from "./area.js";
import { type Page, type Schemas, segment, type Versioned } from "./client.js";
import { type Download, download, type DownloadOptions } from "./downloads.js";
import { cancel, type ResumableOptions, upload } from "./resumable.js";

export interface UploadOptions {
  /** The file's name, where the file itself has none. */
  filename?: string;
  /** Receives the number of bytes sent and their total; in browsers only at the end. */
  progress?: Progress;
  signal?: AbortSignal;
}
/** The name and description of a document. */
export interface DocumentNames {
  name?: string;
  description?: string;
}

/** Documents of topics. */
export class Files extends Area {
  getDocuments(topicId: string, query?: PageQuery): Promise<Page<Schemas["Document"]>> {
    return this.client.page(`/education/topics/${segment(topicId)}/documents`, query);
  }
  iterDocuments(topicId: string, query?: PageQuery): AsyncGenerator<Schemas["Document"]> {
    return this.client.items(`/education/topics/${segment(topicId)}/documents`, query);
  }
  async uploadDocument(
    topicId: string,
    file: UploadFile,
    options: UploadOptions & DocumentNames = {},
  ): Promise<Schemas["Document"]> {
    const { name, description } = options;
    const texts = { topicId, metadata: JSON.stringify({ name, description }) };
    const path = "/s3/document/upload";
    return sendForm(this.client, ["POST", path], texts, ["file", file], options);
  }
  /** Upload a document in pieces, over a line that breaks. */
  async uploadResumable(
    topicId: string,
    file: Whole,
    options: ResumableOptions & DocumentNames = {},
  ): Promise<Schemas["Document"]> {
    const { name, description } = options;
    return upload(this.client, file, { kind: "document", topicId, name, description }, options);
  }
  /** Give up a resumable upload of a document or a video; what has arrived is removed. */
  cancelUpload(uploadId: string): Promise<void> {
    return cancel(this.client, uploadId);
  }
  downloadDocument(
    documentId: string,
    options: DownloadOptions & { disposition?: "inline" | "attachment" } = {},
  ): Promise<Download> {
    const query = { documentId, disposition: options.disposition };
    return download(this.client, "/s3/document/stream", query, options);
  }
  /** An address that streams a document without a token, for viewers and players. */
  async createDocumentLink(documentId: string): Promise<Schemas["MediaLink"]> {
    const path = `/s3/document/${segment(documentId)}/link`;
    const link = await this.client.data<Schemas["MediaLink"]>("POST", path);
    return { ...link, url: this.client.absolute(link.url) };
  }
  /** Change the name or description of a document; its file stays. */
  updateDocument(
    topicId: string,
    documentId: string,
    changes: Schemas["DocumentUpdate"],
  ): Promise<Schemas["Document"]> {
    const path = `/admin/education/topics/${segment(topicId)}/documents/${segment(documentId)}`;
    return this.client.data("PUT", path, { json: changes });
  }
  /** Undo the deletion of a document within a minute, before its file is removed. */
  restoreDocument(topicId: string, documentId: string): Promise<Schemas["Document"]> {
    const path = `/admin/education/topics/${segment(topicId)}/documents/${segment(documentId)}`;
    return this.client.data("POST", `${path}/restore`);
  }
  deleteDocument(topicId: string, documentId: string): Promise<Schemas["DocumentDeleted"]> {
    const path = `/admin/education/topics/${segment(topicId)}/documents/${segment(documentId)}`;
    return this.client.data("DELETE", path);
  }
}

/** The video of a topic. */
export class Videos extends Area {
  /** Upload or replace the video. */
  async uploadVideo(
    topicId: string,
    file: UploadFile,
    options: UploadOptions & Changing = {},
  ): Promise<Versioned<Schemas["Video"]>> {
    const path = `/admin/education/topics/${segment(topicId)}/video`;
    return sendForm(this.client, ["PUT", path], {}, ["video", file], options);
  }
  /** Upload or replace the video in pieces, over a line that breaks. */
  async uploadResumable(
    topicId: string,
    file: Whole,
    options: ResumableOptions = {},
  ): Promise<Schemas["Video"]> {
    return upload(this.client, file, { kind: "video", topicId }, options);
  }
  async downloadVideo(topicId: string, options: DownloadOptions = {}): Promise<Download> {
    return download(this.client, `/education/topics/${segment(topicId)}/video`, {}, options);
  }
  /** An address that streams the video without a token, for `<video>` and players. */
  async createVideoLink(topicId: string): Promise<Schemas["MediaLink"]> {
    const path = `/education/topics/${segment(topicId)}/video/link`;
    const link = await this.client.data<Schemas["MediaLink"]>("POST", path);
    return { ...link, url: this.client.absolute(link.url) };
  }
  /** Change the file name of the video; a name without its extension gets it. */
  renameVideo(topicId: string, fileName: string): Promise<Schemas["VideoName"]> {
    const path = `/admin/education/topics/${segment(topicId)}/video/name`;
    return this.client.data("PUT", path, { json: { fileName } });
  }
  deleteVideo(topicId: string, changing: Changing = {}): Promise<Schemas["VideoDeleted"]> {
    const path = `/admin/education/topics/${segment(topicId)}/video`;
    return this.client.data("DELETE", path, changing);
  }
}
