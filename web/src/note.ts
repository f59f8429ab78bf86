// The note of a topic: kept on the device at once, sent to the server a moment after the last key.
import { prepare, request } from "./api";
import { announce, text } from "./status";
import { condition, type Draft, draftKey } from "./note-draft";
import { read, write } from "./store";

const WAIT_MS = 800;
const RETRY_MS = 15_000;

export function followNote(form: HTMLFormElement, topicId: string): void {
  const area = form.querySelector("textarea");
  const share = form.querySelector<HTMLInputElement>("input[type=checkbox]");
  const shown = form.querySelector<HTMLElement>("[data-saved]");
  const button = form.querySelector<HTMLElement>("[data-no-script]");
  if (!area || !shown) return;
  if (button) button.hidden = true;
  const key = draftKey(topicId);
  const path = `/notes/topics/${topicId}`;
  let etag = form.dataset.etag ?? "";
  let timer = 0;
  let running = false;
  let again = false;

  const later = (milliseconds: number) => {
    clearTimeout(timer);
    timer = window.setTimeout(() => void save(), milliseconds);
  };

  const isShared = () => share?.checked ?? false;
  const keep = () => write(key, { content: area.value, etag, shared: isShared() } satisfies Draft);

  const changed = () => {
    prepare();
    shown.textContent = text(keep() ? "savedHere" : "notSaved");
    later(WAIT_MS);
  };

  async function save(): Promise<void> {
    if (!area || !shown) return;
    if (running) {
      again = true;
      return;
    }
    running = true;
    again = false;
    const content = area.value;
    const sharedWithMentor = isShared();
    try {
      const response = content.trim()
        ? await request("PUT", path, { content, sharedWithMentor }, condition(etag))
        : await remove(etag);
      await finish(response, content, sharedWithMentor);
    } catch {
      later(RETRY_MS);
    } finally {
      running = false;
      if (again) later(WAIT_MS);
    }
  }

  async function remove(known: string): Promise<Response> {
    if (!known) return new Response(null, { status: 200 });
    return request("DELETE", path, undefined, condition(known));
  }

  async function finish(response: Response, content: string, shared: boolean): Promise<void> {
    if (!area || !shown) return;
    if (response.ok || (response.status === 404 && !content.trim())) {
      etag = content.trim() ? (response.headers.get("etag") ?? "") : "";
      // What was typed since is sent next, under the condition of the stored note.
      if (area.value !== content || isShared() !== shared) return void keep();
      write(key, undefined);
      shown.textContent = text("saved");
    } else if (response.status === 412) {
      await merge(content);
    } else if (response.status === 401 || response.status === 429 || response.status >= 500) {
      later(RETRY_MS);
    } else {
      shown.textContent = text("notSaved");
    }
  }

  /** Keep both texts: the one of another device first, then this one. */
  async function merge(content: string): Promise<void> {
    if (!area) return;
    const response = await request("GET", path);
    if (response.status === 404) {
      etag = "";
    } else {
      etag = response.headers.get("etag") ?? "";
      const other = ((await response.json()).data.content as string).trim();
      if (other && !content.includes(other)) {
        area.value = `${other}\n\n${text("otherDevice")}\n${area.value}`;
        announce(text("merged"));
      }
    }
    changed();
  }

  area.addEventListener("input", changed);
  share?.addEventListener("change", () => {
    if (!area.value.trim()) return;
    changed();
    later(0);
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    later(0);
  });
  window.addEventListener("online", () => {
    if (read<Draft>(key)) later(0);
  });

  const draft = read<Draft>(key);
  const differs = draft && (draft.content !== area.value || (draft.shared ?? isShared()) !== isShared());
  if (draft && differs) {
    area.value = draft.content;
    if (share) share.checked = draft.shared ?? share.checked;
    etag = draft.etag; // a change on another device is found out by the server
    changed();
  } else if (draft) {
    write(key, undefined);
  } else if (area.value !== area.defaultValue) {
    changed(); // typed before this script came
  }
}
