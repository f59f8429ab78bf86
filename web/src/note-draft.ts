// A note that the server does not have yet, as the device keeps it.
import { request } from "./api";
import { names, read, write } from "./store";

export interface Draft {
  content: string;
  etag: string;
  shared?: boolean;
}

const PREFIX = "note:";

export function draftKey(topicId: string): string {
  return PREFIX + topicId;
}

/** Return the header by which the server refuses a note that was changed elsewhere. */
export function condition(etag: string): Record<string, string> {
  return etag ? { "if-match": etag } : { "if-none-match": "*" };
}

/**
 * Send the notes that were written while the device was offline, from any page. The page of a topic
 * sends its own note, and shows both texts of one that was changed elsewhere.
 */
export async function flushNotes(): Promise<void> {
  const own = document.querySelector("form[data-note]")?.getAttribute("action");
  for (const key of names(PREFIX)) {
    const topicId = key.slice(PREFIX.length);
    const draft = read<Draft>(key);
    if (!draft?.content.trim() || own === `/topics/${topicId}/note` || !navigator.onLine) continue;
    const body = { content: draft.content, sharedWithMentor: draft.shared ?? false };
    try {
      const response = await request("PUT", `/notes/topics/${topicId}`, body, condition(draft.etag));
      if (response.ok && read<Draft>(key)?.content === draft.content) write(key, undefined);
    } catch {
      return; // The device is offline, or the session has ended. The next page tries again.
    }
  }
}
