import { Area, type Changing, type Moment, type PageQuery } from "./area.js";
import { type Page, type Schemas, segment, type Versioned } from "./client.js";
import { type Download, download, type DownloadOptions } from "./downloads.js";

export type SubjectProgressQuery = PageQuery & { subjectId?: string };
export type ProgressSearchQuery = PageQuery & { search?: string };
export type NoteQuery = ProgressSearchQuery & { subjectId?: string; sharedWithMentor?: boolean };
export type SharedNoteQuery = ProgressSearchQuery & { subjectId?: string; unanswered?: boolean };
/** `watched` are pairs of start and end in seconds. `recordedAt` is now unless given. */
export type ProgressUpdate = Omit<Schemas["ProgressUpdate"], "recordedAt"> & {
  recordedAt?: Moment;
};
export type ProgressItem = ProgressUpdate & { topicId: string };
export type NoteChanging = Changing & {
  /** `*`: refuse the change with 412 if there is a note already. */
  ifNoneMatch?: string;
};

/** What learners have watched, opened and completed. */
export class LearningProgress extends Area {
  /** Merge an update into the progress in a topic. */
  async update(topicId: string, update: ProgressUpdate): Promise<Schemas["TopicProgress"]> {
    return this.client.data("PUT", `/progress/topics/${segment(topicId)}`, { json: update });
  }
  /** Merge updates of several topics; one result for each, in their order. */
  updateMany(items: readonly ProgressItem[]): Promise<Schemas["ProgressResult"][]> {
    return this.client.data("POST", "/progress/batch", { json: { items } });
  }
  async get(topicId: string): Promise<Schemas["TopicProgress"]> {
    return this.client.data("GET", `/progress/topics/${segment(topicId)}`);
  }
  getSubjects(query?: SubjectProgressQuery): Promise<Page<Schemas["SubjectProgress"]>> {
    return this.client.page("/progress/me", query);
  }
  iterSubjects(query?: SubjectProgressQuery): AsyncGenerator<Schemas["SubjectProgress"]> {
    return this.client.items("/progress/me", query);
  }
  async getSubject(subjectId: string): Promise<Schemas["SubjectWithTopics"]> {
    return this.client.data("GET", `/progress/me/subjects/${segment(subjectId)}`);
  }
  /** The subjects that the caller teaches. */
  getTaughtSubjects(query?: ProgressSearchQuery): Promise<Page<Schemas["TaughtSubject"]>> {
    return this.client.page("/mentor/subjects", query);
  }
  iterTaughtSubjects(query?: ProgressSearchQuery): AsyncGenerator<Schemas["TaughtSubject"]> {
    return this.client.items("/mentor/subjects", query);
  }
  async getLearners(
    subjectId: string,
    query?: ProgressSearchQuery,
  ): Promise<Page<Schemas["LearnerProgress"]>> {
    return this.client.page(`/mentor/subjects/${segment(subjectId)}/learners`, query);
  }
  iterLearners(
    subjectId: string,
    query?: ProgressSearchQuery,
  ): AsyncGenerator<Schemas["LearnerProgress"]> {
    return this.client.items(`/mentor/subjects/${segment(subjectId)}/learners`, query);
  }
  /** All learners of a subject as CSV. */
  async downloadLearners(
    subjectId: string,
    query: { search?: string; sort?: string; order?: "asc" | "desc" } = {},
    options: DownloadOptions = {},
  ): Promise<Download> {
    const path = `/mentor/subjects/${segment(subjectId)}/learners`;
    return download(this.client, path, { ...query, format: "csv" }, options);
  }
}

/** The caller's own notes, and those that learners shared with a mentor. */
export class Notes extends Area {
  async get(topicId: string): Promise<Versioned<Schemas["Note"]>> {
    return this.client.data("GET", `/notes/topics/${segment(topicId)}`);
  }
  async put(
    topicId: string,
    note: Schemas["NoteWrite"],
    { ifNoneMatch, ...changing }: NoteChanging = {},
  ): Promise<Versioned<Schemas["Note"]>> {
    const headers = ifNoneMatch ? { "If-None-Match": ifNoneMatch } : {};
    const request = { json: note, headers, ...changing };
    return this.client.data("PUT", `/notes/topics/${segment(topicId)}`, request);
  }
  async delete(topicId: string, changing: Changing = {}): Promise<Schemas["NoteDeleted"]> {
    return this.client.data("DELETE", `/notes/topics/${segment(topicId)}`, changing);
  }
  getNotes(query?: NoteQuery): Promise<Page<Schemas["Note"]>> {
    return this.client.page("/notes", query);
  }
  iterNotes(query?: NoteQuery): AsyncGenerator<Schemas["Note"]> {
    return this.client.items("/notes", query);
  }
  getSharedNotes(query?: SharedNoteQuery): Promise<Page<Schemas["SharedNote"]>> {
    return this.client.page("/mentor/notes", query);
  }
  iterSharedNotes(query?: SharedNoteQuery): AsyncGenerator<Schemas["SharedNote"]> {
    return this.client.items("/mentor/notes", query);
  }
  /** Reply to a shared note, or change the reply. */
  async reply(noteId: string, content: string): Promise<Schemas["SharedNote"]> {
    return this.client.data("PUT", `/mentor/notes/${segment(noteId)}/reply`, {
      json: { content },
    });
  }
  async deleteReply(noteId: string): Promise<Schemas["SharedNote"]> {
    return this.client.data("DELETE", `/mentor/notes/${segment(noteId)}/reply`);
  }
}
