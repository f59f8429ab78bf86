// The lesson's video: resumes at the stored position and saves what was watched.
import { hasToken, prepare, request } from "./api";
import { drop, keep, type Progress } from "./queue";
import { text } from "./status";

const SAVE_MS = 60_000;
const WATCHED_WHOLE = 0.95;

export function followVideo(video: HTMLVideoElement, topicId: string): void {
  let stored = Number(video.dataset.position ?? 0);
  let ready = false; // before the stored position is applied, nothing may overwrite it
  let changed = false;
  let lastSaved = 0;
  let from: number | undefined;
  let until = 0;
  let ranges: [number, number][] = [];

  const close = () => {
    if (from !== undefined && until - from > 0.25) ranges.push([round(from), round(until)]);
    from = undefined;
  };

  const save = () => {
    if (!ready || !changed) return;
    const running = from !== undefined;
    close();
    if (running) from = until = video.currentTime;
    const item: Progress = {
      topicId,
      positionSeconds: round(video.ended ? video.duration : video.currentTime),
      recordedAt: new Date().toISOString(),
      watched: ranges.slice(-200),
    };
    if (Number.isFinite(video.duration)) item.durationSeconds = round(video.duration);
    ranges = [];
    changed = false;
    lastSaved = Date.now();
    void send(item);
  };

  const start = () => {
    if (ready) return;
    const watchedWhole = video.duration > 0 && stored / video.duration >= WATCHED_WHOLE;
    if (stored > 0 && !watchedWhole) video.currentTime = Math.min(stored, video.duration - 0.5);
    if (watchedWhole) note(text("watched"));
    ready = true;
  };
  video.addEventListener("loadedmetadata", start);
  // A video that is loaded again after an error goes on where it stopped.
  video.addEventListener("error", () => {
    if (!ready) return;
    save();
    stored = video.currentTime;
    from = undefined;
    ready = false;
  });
  if (video.readyState >= 1) start();

  video.addEventListener("playing", () => {
    prepare();
    if (from === undefined) from = until = video.currentTime;
  });
  video.addEventListener("timeupdate", () => {
    const time = video.currentTime;
    if (from === undefined || video.seeking) return;
    // A jump of more than playback allows between two events was a seek.
    if (time < until || time - until > 1.5 * video.playbackRate + 0.5) {
      close();
      from = until = time;
      return;
    }
    until = time;
    changed = true;
    if (lastSaved === 0) lastSaved = Date.now();
    if (Date.now() - lastSaved >= SAVE_MS) save();
  });
  video.addEventListener("seeking", close);
  video.addEventListener("seeked", () => {
    if (!ready) return;
    changed = true;
    if (!video.paused) from = until = video.currentTime;
  });
  video.addEventListener("pause", () => {
    if (from !== undefined && video.currentTime >= until) until = Math.max(until, video.currentTime);
    close();
    save();
  });
  video.addEventListener("ended", save);
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "hidden") save();
  });
  window.addEventListener("pagehide", save);
  video.addEventListener("error", failed, true);
  // With `autoplay`, the video may have failed before this script ran.
  if (video.error || video.networkState === video.NETWORK_NO_SOURCE) failed();
}

function failed(): void {
  const panel = document.getElementById("video-failed");
  if (panel) panel.hidden = false;
}

function note(message: string): void {
  const shown = document.getElementById("video-note");
  if (shown) shown.textContent = message;
}

function round(seconds: number): number {
  return Math.round(seconds * 10) / 10;
}

/**
 * Send one item. Until the server has it, it is kept on the device: the page may be closed before the
 * answer, and the next page sends it again.
 */
export async function send(item: Progress): Promise<void> {
  keep(item);
  if (!navigator.onLine || (document.visibilityState === "hidden" && !hasToken())) return;
  const { topicId, ...body } = item;
  try {
    const response = await request("PUT", `/progress/topics/${topicId}`, body);
    const later = response.status >= 500 || response.status === 401 || response.status === 429;
    if (!later) drop(item);
  } catch {
    // It stays on the device.
  }
}
