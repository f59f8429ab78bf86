// Progress that could not be sent yet, kept on the device and sent as one batch later.
import { request } from "./api";
import { read, write } from "./store";

export interface Progress {
  topicId: string;
  positionSeconds?: number;
  durationSeconds?: number;
  watched?: [number, number][];
  documentsOpened?: string[];
  recordedAt: string;
}

const KEPT = 100;
let sending = false;

export function keep(item: Progress): void {
  const items = read<Progress[]>("progress") ?? [];
  items.push(item);
  write("progress", items.slice(-KEPT));
}

/** Remove an item that the server has. */
export function drop(item: Progress): void {
  const items = (read<Progress[]>("progress") ?? []).filter(
    (each) => each.topicId !== item.topicId || each.recordedAt !== item.recordedAt,
  );
  write("progress", items.length ? items : undefined);
}

/** Send what is kept. Items that the server refuses one by one are dropped, because they stay refused. */
export async function flush(): Promise<void> {
  const items = read<Progress[]>("progress") ?? [];
  if (sending || items.length === 0 || !navigator.onLine) return;
  sending = true;
  try {
    const response = await request("POST", "/progress/batch", { items });
    if (response.ok || response.status === 422) items.forEach(drop);
  } catch {
    // The device is offline. The next page or the event `online` tries again.
  } finally {
    sending = false;
  }
}
