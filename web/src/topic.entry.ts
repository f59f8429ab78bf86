// The topic page: video, documents, note, keys.
import { followCaptions } from "./captions";
import { followNote } from "./note";
import { text } from "./status";
import { read, write } from "./store";
import { followVideo, send } from "./video";

const SPEEDS = [1, 1.25, 1.5, 2, 0.75];

function start(): void {
  const topicId = document.querySelector<HTMLElement>("[data-topic]")?.dataset.topic;
  if (!topicId) return;
  const video = document.querySelector("video");
  if (video) {
    followVideo(video, topicId);
    followCaptions(video);
    offerSpeeds(video);
    offerRetry(video);
  }
  const note = document.querySelector<HTMLFormElement>("form[data-note]");
  if (note) followNote(note, topicId);
  followDocuments(topicId);
  followKeys();
}

function offerSpeeds(video: HTMLVideoElement): void {
  const button = document.querySelector<HTMLButtonElement>("[data-speed]");
  if (!button) return;
  let chosen = Math.max(SPEEDS.indexOf(read<number>("speed") ?? 1), 0);
  const apply = () => {
    const speed = SPEEDS[chosen] ?? 1;
    video.defaultPlaybackRate = video.playbackRate = speed;
    button.textContent = `${text("speed")} ${speed}×`;
  };
  button.onclick = () => {
    chosen = (chosen + 1) % SPEEDS.length;
    write("speed", SPEEDS[chosen]);
    apply();
  };
  button.hidden = false;
  apply();
}

function offerRetry(video: HTMLVideoElement): void {
  document.querySelector("[data-retry]")?.addEventListener("click", () => {
    const panel = document.getElementById("video-failed");
    if (panel) panel.hidden = true;
    video.load();
    video.play().catch(() => undefined);
    video.focus();
  });
}

function followDocuments(topicId: string): void {
  document.addEventListener("click", (event) => {
    const link = (event.target as Element).closest<HTMLElement>("[data-document]");
    if (!link) return;
    const mark = link.querySelector<HTMLElement>("[data-opened]");
    if (mark) mark.hidden = false;
    const opened = [link.dataset.document ?? ""];
    void send({ topicId, documentsOpened: opened, recordedAt: new Date().toISOString() });
  });
}

function followKeys(): void {
  const choice = document.querySelector<HTMLInputElement>("[data-keys]");
  if (!choice) return;
  choice.checked = read<boolean>("keys") ?? true;
  choice.onchange = () => write("keys", choice.checked);
  document.addEventListener("keydown", (event) => {
    const target = event.target as HTMLElement;
    const typing = target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName);
    if (!choice.checked || typing || event.ctrlKey || event.metaKey || event.altKey) return;
    const wanted = document.querySelector<HTMLElement>(`[data-key="${CSS.escape(event.key)}"]`);
    if (!wanted) return;
    event.preventDefault();
    if (wanted instanceof HTMLTextAreaElement) wanted.focus();
    else wanted.click();
  });
}

start();
