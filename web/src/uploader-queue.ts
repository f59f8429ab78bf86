// Uploads of a topic: one after another, resumed after breaks and reloads. Offsets come from the
// server; the device keeps only which upload a file belongs to.
import { Files, Videos } from "../../sdk/typescript/src/files.js";
import { AkakoError, client } from "./client";
import { announce, text } from "./status";
import { read, write } from "./store";
import { dropFile, keepFile, keptFile } from "./uploader-files";
import { type Action, Row, type State } from "./uploader-row";
import { say } from "./words";

interface Kept {
  /** Names the file on the device. */
  id: string;
  /** Recognizes the file when a person chooses it again. */
  print: string;
  name: string;
  bytes: number;
  kind: "document" | "video";
  title: string | undefined;
  /** The title that the server knows. */
  named?: string | undefined;
  uploadId?: string | undefined;
  sent: number;
  paused?: boolean | undefined;
}

interface Limit {
  bytes: number;
  words: string;
}

export interface Limits {
  video: Limit;
  document: Limit;
  captions: Limit;
  endings: string[];
}

const CAPTIONS = /\.vtt$/i;
const CAPTION_ENDINGS = /\.(vtt|srt|sbv|sub|ass|ssa|ttml|dfxp)$/i;

const PIECE_BYTES = 1024 * 1024;
const SMALLEST_PIECE_BYTES = 256 * 1024;
const PIECES = 32; // of a file, where its pieces are not too small or too large for that
const VIDEO = "video"; // stands for its id
const MOST_KNOWN = 200;
const LONGEST_MS = 15_000;
const FIRST_MS = 1_000;
export const UNDO_SECONDS = 30;

class Item {
  file: File | undefined;
  state: State = "waiting";
  row: Row;
  abort: AbortController | undefined;
  documentId = "";
  tries = 0;

  constructor(
    readonly kept: Kept,
    act: (item: Item, action: Action) => void,
    renamed: (item: Item, name: string) => void,
  ) {
    const on = {
      act: (action: Action) => act(this, action),
      rename: (name: string) => renamed(this, name),
    };
    this.row = new Row(kept.name, kept.bytes, kept.kind, kept.title, on);
  }

  show(state: State, error = ""): void {
    this.state = state;
    this.row.show(state, this.kept.sent, error);
  }
}

export class Uploads {
  items: Item[] = [];
  #topicId = "";
  #timer = 0;
  #mine = Promise.resolve();
  #restored = false;

  constructor(
    readonly list: HTMLElement,
    readonly limits: Limits,
    readonly changed: () => void,
    readonly refused: (kind: "document" | "video") => void,
  ) {
    window.addEventListener("online", () => this.#hurry());
  }

  /** Return the kinds of files that are not in yet. Refused files and paused documents do not count. */
  get pending(): ("document" | "video")[] {
    const out: State[] = ["waiting", "starting", "uploading", "line"];
    const stopped: State[] = ["paused", "again"];
    return this.items
      .filter(({ state, kept }) => out.includes(state) || (kept.kind === "video" && stopped.includes(state)))
      .map(({ kept }) => kept.kind);
  }

  count(kind: "document" | "video"): number {
    return this.items.filter(({ kept, state }) => kept.kind === kind && state !== "failed").length;
  }

  /** The number of files with captions; they are documents too. */
  get captions(): number {
    return this.items.filter(({ kept, state }) => state !== "failed" && CAPTIONS.test(kept.name)).length;
  }

  get video(): number {
    return this.items.find(({ kept }) => kept.kind === "video")?.kept.bytes ?? 0;
  }

  /** Work for this topic; go on with what an earlier page began. Two tabs take turns. */
  attach(topicId: string): void {
    if (this.#topicId) return;
    this.#topicId = topicId;
    if (navigator.locks) {
      this.#mine = new Promise((done) => {
        void navigator.locks.request(`uploads:${topicId}`, () => {
          done();
          return new Promise(() => undefined);
        });
      });
    }
    void this.#resume();
  }

  /** Show what is not done yet. The files come later, because the device needs time to read them. */
  async #resume(): Promise<void> {
    const earlier = (read<Kept[]>(this.#name) ?? []).map((kept) => this.#append(kept));
    for (const item of earlier) item.show("starting");
    for (const item of earlier) {
      item.file = item.file ?? (await keptFile(item.kept.id));
      const paused = item.kept.paused ? "paused" : "waiting";
      if (item.state === "starting") item.show(item.file ? paused : "again");
    }
    this.#restored = true;
    this.#next();
  }

  get #name(): string {
    return `uploads:${this.#topicId}`;
  }

  /** Remember what is not done yet. */
  #remember(): void {
    if (!this.#topicId) return;
    const open = this.items.filter(({ state }) => state !== "done" && state !== "failed");
    write(this.#name, open.length ? open.map(({ kept }) => kept) : undefined);
  }

  /** Take files that a person chose. A file that is known goes on where it was. */
  add(files: Iterable<File>): void {
    for (const file of files) {
      const print = `${file.name}:${file.size}:${file.lastModified}`;
      const known = this.items.find(({ kept }) => kept.print === print);
      if (known?.state === "done" || this.#isStored(print)) {
        announce(say("already", { name: file.name }));
      } else if (known) {
        known.file = file;
        keepFile(known.kept.id, file);
        if (known.state === "again" || known.state === "failed") known.show("waiting");
      } else {
        this.#take(file, print);
      }
    }
    this.#remember();
    this.#next();
  }

  /** Return whether an earlier page uploaded the file, and it is still in the topic. */
  #isStored(print: string): boolean {
    const id = (read<Record<string, string>>(this.#doneName) ?? {})[print];
    return id !== undefined && document.querySelector(`#stored [data-document="${id}"]`) !== null;
  }

  get #doneName(): string {
    return `uploaded:${this.#topicId}`;
  }

  #take(file: File, print: string): void {
    const ending = /\.(\w+)$/.exec(file.name)?.[1]?.toLowerCase() ?? "";
    const kind = this.limits.endings.includes(ending) ? "video" : "document";
    const second = kind === "video" && this.count("video") > 0;
    const title = file.name;
    const id = Math.random().toString(36).slice(2);
    const item = this.#append({ id, print, name: file.name, bytes: file.size, kind, title, sent: 0 });
    item.file = file;
    const error = second ? say("oneVideo", { name: file.name }) : this.#objection(item);
    item.show(error ? "failed" : "waiting", error);
    if (error) announce(error);
    else keepFile(id, file);
  }

  #limit({ name, kind }: Kept): Limit {
    return this.limits[CAPTIONS.test(name) ? "captions" : kind];
  }

  #objection({ kept }: Item): string {
    const { name, bytes: size } = kept;
    const { bytes, words } = this.#limit(kept);
    if (!size) return say("emptyFile", { name });
    return size > bytes ? say("tooLarge", { name, limit: words }) : "";
  }

  #append(kept: Kept): Item {
    const item = new Item(
      kept,
      (which, action) => this.#act(which, action),
      (which, name) => this.#rename(which, name),
    );
    this.items.push(item);
    this.list.append(item.row.element);
    this.list.hidden = false;
    return item;
  }

  /** Start the next upload, documents first: they are small. */
  #next(): void {
    if (!this.#topicId || this.#restored) this.changed();
    if (!this.#restored) return;
    void this.#mine.then(() => {
      const busy: State[] = ["starting", "uploading", "line"];
      if (this.items.some(({ state }) => busy.includes(state))) return;
      const waiting = this.items.filter(({ state, file }) => state === "waiting" && file);
      const item = waiting.find(({ kept }) => kept.kind === "document") ?? waiting[0];
      if (item) void this.#run(item);
    });
  }

  async #run(item: Item): Promise<void> {
    const { kept, file } = item;
    if (!file) return;
    item.show("starting");
    const abort = (item.abort = new AbortController());
    try {
      const made = await this.#send(item, file, abort.signal);
      item.documentId = "id" in made ? made.id : VIDEO;
      this.#done(item);
    } catch (problem) {
      if (!abort.signal.aborted) this.#failed(item, problem);
    }
    if (item.abort === abort) item.abort = undefined;
    if (item.state === "done" || item.state === "failed") dropFile(kept.id);
    this.#next();
  }

  #send(item: Item, file: File, signal: AbortSignal): Promise<{ id: string } | object> {
    const { kept } = item;
    const { title } = kept;
    const options = {
      uploadId: kept.uploadId,
      started: (id: string) => {
        kept.uploadId = id;
        kept.named = kept.kind === "video" ? kept.name : title;
        this.#remember();
      },
      progress: (sent: number) => {
        kept.sent = sent;
        item.tries = 0;
        if (!signal.aborted) item.show("uploading");
      },
      interrupted: () => {
        if (!signal.aborted) item.show("line");
      },
      pieceBytes: Math.min(PIECE_BYTES, Math.max(SMALLEST_PIECE_BYTES, Math.ceil(file.size / PIECES))),
      signal,
    };
    return kept.kind === "video"
      ? new Videos(client()).uploadResumable(this.#topicId, file, options)
      : new Files(client()).uploadResumable(this.#topicId, file, { ...options, name: title });
  }

  #done(item: Item): void {
    const { kept, documentId } = item;
    kept.sent = kept.bytes;
    item.show("done");
    const done = Object.entries(read<Record<string, string>>(this.#doneName) ?? {});
    const other = done.filter(([, id]) => id !== documentId);
    write(this.#doneName, Object.fromEntries([...other.slice(-MOST_KNOWN), [kept.print, documentId]]));
    announce(say("uploaded", { name: kept.title ?? kept.name }));
    this.#tell(item);
    this.#remember();
  }

  /** Wait and go on if the line broke; say what is wrong with the file if the server refused it. */
  #failed(item: Item, problem: unknown): void {
    const { kept } = item;
    const status = problem instanceof AkakoError ? problem.status : 0;
    if (status === 404 && kept.uploadId) {
      kept.uploadId = undefined; // it has expired
      kept.sent = 0;
      item.show("waiting");
    } else if (status !== 507 && (status >= 500 || [0, 401, 423, 429].includes(status))) {
      item.show("line");
      const wait = Math.min(LONGEST_MS, FIRST_MS * 2 ** item.tries++);
      this.#timer = window.setTimeout(() => this.#again(item), wait * (0.5 + Math.random() / 2));
    } else {
      const reason = problem instanceof AkakoError ? problem.message : "";
      const wrong = CAPTION_ENDINGS.test(kept.name) ? "wrongCaptions" : "wrongType";
      const known = { 413: "tooLarge", 415: wrong, 507: "full" }[status] ?? "refused";
      const limit = this.#limit(kept).words;
      kept.uploadId = undefined;
      kept.sent = 0;
      const error = say(known, { name: kept.name, reason, limit });
      item.show("failed", error);
      announce(error);
      this.refused(kept.kind);
    }
    this.#remember();
  }

  #again(item: Item): void {
    if (item.state !== "line" || item.abort) return;
    item.show("waiting");
    void this.#run(item);
  }

  /** Try at once what waits for the line. */
  #hurry(): void {
    clearTimeout(this.#timer);
    for (const item of this.items) this.#again(item);
  }

  #act(item: Item, action: Action): void {
    if (action === "remove") return this.#remove(item);
    item.abort?.abort();
    item.abort = undefined;
    item.kept.paused = action === "pause" || undefined;
    if (item.state === "failed" && item.file) keepFile(item.kept.id, item.file);
    item.tries = 0;
    item.show(action === "pause" ? "paused" : item.file ? "waiting" : "again");
    this.#remember();
    this.#next();
  }

  #remove(item: Item): void {
    const { kept, state, file } = item;
    item.abort?.abort();
    this.items.splice(this.items.indexOf(item), 1);
    const next = (item.row.element.nextElementSibling ?? item.row.element.previousElementSibling) as HTMLElement;
    item.row.element.remove();
    this.list.hidden = !this.items.length;
    (next?.querySelector<HTMLElement>("[data-do=remove]") ?? document.getElementById("files"))?.focus();
    dropFile(kept.id);
    const gone = this.#withdraw(item, state).catch(() => undefined);
    const restores = state === "done" && kept.kind === "document";
    const undo = { label: text("undo"), seconds: UNDO_SECONDS, run: () => void gone.then(bring) };
    const bring = restores ? () => this.#restore(item) : () => file && this.add([file]);
    announce(say("removed", { name: kept.title ?? kept.name }), restores || file ? undo : undefined);
    this.#remember();
    this.#next();
  }

  /** Undo the removal of a document that the server had. */
  async #restore(item: Item): Promise<void> {
    const { kept, documentId } = item;
    const name = kept.title ?? kept.name;
    try {
      await new Files(client()).restoreDocument(this.#topicId, documentId);
    } catch {
      return announce(say("notRestored", { name }));
    }
    this.items.push(item);
    this.list.append(item.row.element);
    this.list.hidden = false;
    item.row.focus();
    announce(say("broughtBack", { name }));
    this.#next();
  }

  /** Take from the server what it has of a removed file. */
  async #withdraw({ kept, documentId }: Item, state: State): Promise<void> {
    if (state !== "done") {
      if (kept.uploadId) await new Files(client()).cancelUpload(kept.uploadId);
    } else if (kept.kind === "video") {
      await new Videos(client()).deleteVideo(this.#topicId);
    } else {
      await new Files(client()).deleteDocument(this.#topicId, documentId);
    }
  }

  #rename(item: Item, name: string): void {
    item.kept.title = name || item.kept.name;
    this.#remember();
    this.#tell(item);
  }

  /** Give a stored file the name that was typed after its upload began. */
  #tell({ kept, state, documentId, row }: Item): void {
    if (state !== "done" || kept.title === undefined || kept.title === kept.named) return;
    this.#store(kept.kind, documentId, kept.title).then(
      (name) => {
        kept.title = kept.named = name;
        row.name(name);
      },
      () => announce(text("notSaved")),
    );
  }

  /** Give a document its name, or the video its file name; return the stored one. */
  async #store(kind: Kept["kind"], documentId: string, name: string): Promise<string> {
    if (kind === "video") return (await new Videos(client()).renameVideo(this.#topicId, name)).fileName;
    return (await new Files(client()).updateDocument(this.#topicId, documentId, { name })).name;
  }
}
