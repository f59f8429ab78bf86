// Title and text of a topic: saved as a draft while they are written, published on request.
import { Education } from "../../sdk/typescript/src/education.js";
import { AkakoError, client } from "./client";
import { announce, text } from "./status";
import { read, write } from "./store";

interface Written {
  title: string;
  text: string;
}

const WAIT_MS = 400;
const RETRY_MS = 5_000;
const MOST_COPIES = 50;

export class Draft {
  topicId: string;
  active: boolean;
  readonly #education = new Education(client());
  readonly #title: HTMLInputElement;
  readonly #text: HTMLTextAreaElement;
  #creating: Promise<string> | undefined;
  #stored: Written;
  #timer = 0;
  #line: Promise<unknown> = Promise.resolve();

  constructor(
    readonly form: HTMLFormElement,
    readonly created: (topicId: string) => void,
  ) {
    this.topicId = form.dataset.topic ?? "";
    this.active = form.dataset.active === "1";
    this.#title = form.querySelector("#title") as HTMLInputElement;
    this.#text = form.querySelector("#text") as HTMLTextAreaElement;
    this.#stored = this.written;
    for (const field of [this.#title, this.#text]) field.addEventListener("input", () => this.#changed());
    document.addEventListener("visibilitychange", () => {
      if (document.hidden && this.#dirty && !this.active) void this.save();
    });
    this.#recover();
  }

  get written(): Written {
    return { title: this.#title.value.trim(), text: this.#text.value };
  }

  get #dirty(): boolean {
    const { title, text } = this.written;
    return title !== this.#stored.title || text !== this.#stored.text;
  }

  /** Show changes of a published topic that were typed on this device and never published. */
  #recover(): void {
    const kept = this.active ? read<Written & { base: Written }>(this.#key) : undefined;
    if (!kept) return;
    const { base } = kept;
    if (base.title === this.#stored.title && base.text === this.#stored.text) {
      this.#title.value = kept.title;
      this.#text.value = kept.text;
      this.#say("unpublished");
    } else {
      write(this.#key, undefined);
    }
  }

  get #key(): string {
    return `topic:${this.topicId}`;
  }

  #changed(): void {
    clearTimeout(this.#timer);
    this.fault("");
    if (this.active) {
      // Learners see the text at once, so changes wait for Publish.
      write(this.#key, this.#dirty ? { ...this.written, base: this.#stored } : undefined);
      this.#say(this.#dirty ? "unpublished" : "");
      return;
    }
    this.#timer = window.setTimeout(() => void this.save(), WAIT_MS);
  }

  #say(name: string): void {
    const shown = document.getElementById("save-state");
    if (shown) shown.textContent = name && text(name);
  }

  /** Save the draft; try again later if that fails. One request at a time. */
  save(): Promise<void> {
    const work = this.#line.then(() => this.#save());
    this.#line = work;
    return work;
  }

  async #save(): Promise<void> {
    if (this.active || (this.topicId && !this.#dirty)) return;
    this.#say("saving");
    const written = this.written;
    try {
      const before = this.topicId;
      await this.topic();
      if (before) await this.#put(written, {});
      this.#say("saved");
    } catch (problem) {
      if (!this.#explain(problem)) this.#later();
    }
  }

  #later(): void {
    this.#say("notSaved");
    clearTimeout(this.#timer);
    this.#timer = window.setTimeout(() => void this.save(), RETRY_MS);
  }

  async #put({ title, text }: Written, more: { isActive?: boolean }): Promise<void> {
    const name = title ? { name: title } : {};
    await this.#education.updateTopic(this.topicId, { ...name, content: text, ...more });
    this.#stored = { title, text };
    if (more.isActive !== undefined) this.#shows(more.isActive);
    write(this.#key, undefined);
  }

  /** Return the id of the topic; create it as a draft if there is none. */
  topic(): Promise<string> {
    if (this.topicId) return Promise.resolve(this.topicId);
    this.#creating = this.#creating ?? this.#create().finally(() => (this.#creating = undefined));
    return this.#creating;
  }

  async #create(): Promise<string> {
    const written = this.written;
    const subjectId = this.form.dataset.subject ?? "";
    const untitled = text("untitled");
    for (let number = 0; ; number++) {
      const spare = number > 1 ? `${untitled} ${number}` : untitled;
      const name = number === 0 && written.title ? written.title : spare;
      try {
        const topic = { subjectId, name, content: written.text, isActive: false };
        this.topicId = (await this.#education.createTopic(topic)).id;
        // A title that another topic has is saved later, with its error.
        this.#stored = { ...written, title: name === written.title ? name : "" };
        break;
      } catch (problem) {
        if (!(problem instanceof AkakoError) || problem.status !== 409 || number > MOST_COPIES) throw problem;
      }
    }
    this.#opened();
    return this.topicId;
  }

  /** Make the page the one of the topic, so that a reload shows it again. */
  #opened(): void {
    const path = `/teach/topics/${this.topicId}`;
    history.replaceState(null, "", path);
    this.form.action = path;
    (this.form.elements.namedItem("topic") as HTMLInputElement).value = this.topicId;
    this.#shows(false);
    this.created(this.topicId);
    if (this.#dirty) this.#changed();
  }

  #shows(active: boolean): void {
    this.active = active;
    const chip = document.getElementById("topic-state");
    if (!chip) return;
    chip.hidden = false;
    chip.textContent = text(active ? "live" : "draft");
    chip.classList.toggle("ok", active);
  }

  /** Store the texts, and show or hide the topic. Return false if a person has to correct them. */
  async store(isActive: boolean): Promise<boolean> {
    clearTimeout(this.#timer);
    await this.#line;
    const written = this.written;
    if (isActive && !written.title) return this.fault(text("enterTitle"), true);
    try {
      await this.topic();
      await this.#put(written, { isActive });
      this.#say("");
      return true;
    } catch (problem) {
      if (this.#explain(problem, true)) return false;
      this.#say("notSaved");
      throw problem;
    }
  }

  /** Show an error that the person has to correct; return whether it is one. */
  #explain(problem: unknown, focus = false): boolean {
    if (!(problem instanceof AkakoError) || ![403, 404, 409, 413, 422].includes(problem.status)) return false;
    const known = { 409: "taken", 413: "longText", 422: "longText" }[problem.status] ?? "changed";
    const title = problem.status === 422 && problem.details.field === "name";
    this.#say("");
    this.fault(text(title ? "longTitle" : known), focus);
    return true;
  }

  /** Show an error at the title, or remove it. Returns false, so that a caller can end with it. */
  fault(message: string, focus = false): false {
    const field = this.#title.parentElement as HTMLElement;
    let shown = document.getElementById("title-error");
    if (!message) shown?.remove();
    else {
      if (!shown) {
        shown = document.createElement("p");
        shown.id = "title-error";
        shown.className = "error";
        field.insertBefore(shown, this.#title);
      }
      shown.textContent = message;
    }
    this.#title.toggleAttribute("aria-invalid", false);
    if (message) this.#title.setAttribute("aria-invalid", "true");
    if (message) this.#title.setAttribute("aria-describedby", "title-error");
    else this.#title.removeAttribute("aria-describedby");
    if (focus) {
      this.#title.focus();
      announce(message);
    }
    return false;
  }
}
