// The composer: drafts, resumable uploads, preview, and publishing when the video is in.
import { announce, hold, text } from "./status";
import { read, write } from "./store";
import { followStored } from "./stored-files";
import { Draft } from "./uploader-draft";
import { Uploads } from "./uploader-queue";

const PREVIEW_MS = 500;
const RETRY_MS = 3_000;

function start(form: HTMLFormElement): void {
  const input = form.querySelector("#files") as HTMLInputElement;
  const list = document.getElementById("uploads") as HTMLElement;
  const { endings = "" } = form.dataset;
  const limit = (of: string) => ({
    bytes: Number(form.dataset[`${of}Bytes`]),
    words: form.dataset[`${of}Limit`] ?? "",
  });
  const limits = {
    video: limit("video"),
    document: limit("document"),
    captions: limit("captions"),
    endings: endings.split(" "),
  };
  let publishing = false;
  let storing = false;

  const draft = new Draft(form, (topicId) => uploads.attach(topicId));
  const uploads = new Uploads(list, limits, changed, (kind) => {
    if (kind === "video") ask(false);
  });

  /** Remember over a reload whether the topic is to be published when its files are in. */
  function ask(wanted: boolean): void {
    publishing = wanted;
    if (draft.topicId) write(`publish:${draft.topicId}`, wanted || undefined);
  }

  function changed(): void {
    check();
    if (!publishing || storing) return;
    const { pending } = uploads;
    if (pending.length) hold(text(pending.includes("video") ? "willPublish" : "willPublishDocuments"));
    else void store(true);
  }

  async function store(active: boolean): Promise<void> {
    if (storing) return;
    storing = true;
    try {
      const stored = await draft.store(active);
      ask(false);
      if (stored) announce(text(active ? "published" : "drafted"));
    } catch {
      announce(text("notSaved"));
      window.setTimeout(() => void store(active), RETRY_MS);
    } finally {
      storing = false;
    }
  }

  async function publish(): Promise<void> {
    if (!draft.written.title) return void draft.fault(text("enterTitle"), true);
    if (draft.active || !uploads.pending.length) return store(true);
    ask(true);
    changed();
    await draft.save();
    ask(publishing); // a new topic has its id now
  }

  function check(): void {
    const stored = (more: string) => document.querySelectorAll(`#stored [data-document]${more}`).length;
    const video = uploads.video || Number(form.dataset.video ?? 0);
    const shown: Record<string, boolean> = {
      captions: video > 0 && stored("[data-captions]") + uploads.captions === 0,
      large: video > Number(form.dataset.large),
      documents:
        stored(":not([data-document=video], [data-captions])") + uploads.count("document") - uploads.captions === 0,
    };
    for (const hint of document.querySelectorAll<HTMLElement>("[data-check]")) {
      hint.hidden = !shown[hint.dataset.check ?? ""];
    }
  }

  function take(files: Iterable<File>): void {
    uploads.add(files);
    draft.topic().catch(() => void draft.save());
  }

  form.addEventListener("submit", (event) => {
    const button = event.submitter as HTMLButtonElement | null;
    if (button?.form !== form || button.dataset.preview !== undefined) return;
    event.preventDefault();
    event.stopPropagation(); // the form may be sent again
    if (button?.value === "draft") {
      ask(false);
      void store(false);
    } else {
      void publish();
    }
  });
  const takeChosen = () => {
    take([...(input.files ?? [])]);
    input.value = "";
  };
  input.addEventListener("change", takeChosen);
  follow(form.querySelector("[data-drop]") as HTMLElement, take);
  followStored(form, () => draft.topicId, check);
  preview(form);
  form.classList.add("live");
  if (draft.topicId) {
    publishing = read<boolean>(`publish:${draft.topicId}`) ?? false;
    uploads.attach(draft.topicId);
  }
  if (input.files?.length) takeChosen(); // before this script came
}

function follow(zone: HTMLElement, take: (files: File[]) => void): void {
  const over = (event: DragEvent) => {
    if (!event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    zone.classList.toggle("over", event.type === "dragover");
    if (event.type === "drop") take([...event.dataTransfer.files]);
  };
  for (const name of ["dragover", "dragleave", "drop"] as const) zone.addEventListener(name, over);
}

/** Show the text as learners will see it, below the field; follow the typing while it is open. */
function preview(form: HTMLFormElement): void {
  const button = form.querySelector("[data-preview]") as HTMLButtonElement;
  const shown = document.getElementById("preview") as HTMLElement;
  const area = form.querySelector("#text") as HTMLTextAreaElement;
  let timer = 0;
  const label = () => {
    button.textContent = text(shown.hidden ? "show" : "hide");
    button.setAttribute("aria-expanded", String(!shown.hidden));
  };
  const refresh = async () => {
    const token = (form.elements.namedItem("form_token") as HTMLInputElement).value;
    const body = new URLSearchParams({ form_token: token, text: area.value, part: "1" });
    const response = await fetch("/teach/preview", { method: "POST", body }).catch(() => undefined);
    if (response?.ok) shown.innerHTML = await response.text();
    else announce(text("noPreview"));
  };
  button.setAttribute("aria-controls", "preview");
  button.addEventListener("click", (event) => {
    event.preventDefault();
    shown.hidden = !shown.hidden;
    label();
    if (!shown.hidden) void refresh();
  });
  area.addEventListener("input", () => {
    clearTimeout(timer);
    if (!shown.hidden) timer = window.setTimeout(() => void refresh(), PREVIEW_MS);
  });
  label();
}

const form = document.querySelector<HTMLFormElement>("form[data-composer]");
if (form) start(form);
