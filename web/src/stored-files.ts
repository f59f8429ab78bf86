// The stored files of a topic: removed with undo, and renamed, without leaving the page.
import { Files, Videos } from "../../sdk/typescript/src/files.js";
import { client } from "./client";
import { announce, text } from "./status";
import { UNDO_SECONDS } from "./uploader-queue";
import { say } from "./words";

const VIDEO = "video"; // stands for its id

/** `topic` returns the id of the topic; `changed` is called after files came or went. */
export function followStored(form: HTMLFormElement, topic: () => string, changed: () => void): void {
  const list = document.getElementById("stored") as HTMLElement;
  list.addEventListener("click", (event) => {
    const button = (event.target as Element).closest("button");
    const row = button?.closest<HTMLElement>("li");
    if (!button || !row) return;
    event.preventDefault();
    if (button.dataset.rename !== undefined) void rename(row, topic(), changed);
    else remove(button, row);
  });
  list.addEventListener("keydown", (event) => {
    const input = event.target as Element;
    const row = input.closest<HTMLElement>("li");
    if (event.key !== "Enter" || !row || !input.matches("input")) return;
    event.preventDefault(); // the field belongs to a form of its own
    void rename(row, topic(), changed);
  });

  function remove(button: HTMLButtonElement, row: HTMLElement): void {
    if (button.ariaDisabled) return;
    button.ariaDisabled = "true"; // keeps the focus
    const id = row.dataset.document ?? "";
    const isVideo = id === VIDEO;
    const name = nameOf(row);
    const files = new Files(client());
    const next = row.nextElementSibling;
    const restore = () =>
      files.restoreDocument(topic(), id).then(
        () => {
          list.insertBefore(row, next?.parentElement === list ? next : null);
          button.ariaDisabled = null;
          button.focus();
          announce(say("broughtBack", { name }));
          changed();
        },
        () => announce(say("notRestored", { name })),
      );
    const gone: Promise<unknown> = isVideo
      ? new Videos(client()).deleteVideo(topic())
      : files.deleteDocument(topic(), id);
    gone.then(
      () => {
        row.remove();
        if (isVideo) delete form.dataset.video;
        document.getElementById("files")?.focus();
        const undo = { label: text("undo"), seconds: UNDO_SECONDS, run: () => void restore() };
        announce(say("removed", { name }), isVideo ? undefined : undo);
        changed();
      },
      () => {
        button.ariaDisabled = null;
        announce(say("notRemoved", { name }));
      },
    );
  }
}

function link(row: HTMLElement): ChildNode | null {
  return row.querySelector(".file-name")?.firstChild ?? null;
}

function nameOf(row: HTMLElement): string {
  return link(row)?.textContent ?? "";
}

/** Store the name in the field of a row. The row's buttons keep the old name until the next page. */
async function rename(row: HTMLElement, topicId: string, changed: () => void): Promise<void> {
  const input = row.querySelector("input") as HTMLInputElement;
  const wanted = input.value.trim();
  const id = row.dataset.document ?? "";
  if (!wanted) return input.focus();
  try {
    const name =
      id === VIDEO
        ? (await new Videos(client()).renameVideo(topicId, wanted)).fileName
        : (await new Files(client()).updateDocument(topicId, id, { name: wanted })).name;
    input.value = name;
    const shown = link(row);
    if (shown) shown.textContent = name;
    for (const each of row.querySelectorAll("[data-of]")) each.textContent = ` ${name}`;
    const details = row.querySelector("details") as HTMLDetailsElement;
    details.open = false;
    details.querySelector("summary")?.focus();
    announce(say("renamed", { name }));
    changed();
  } catch {
    announce(text("notSaved"));
  }
}
