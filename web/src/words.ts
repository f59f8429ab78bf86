// Texts with values in them, and durations in words.
import { text } from "./status";

/** Return a text of the page with values in the places of their names: `{name} was removed.` */
export function say(name: string, values: Record<string, string | number> = {}): string {
  return text(name).replace(/\{(\w+)\}/g, (all, key: string) => String(values[key] ?? all));
}

/** Return a number of seconds as "40 s", "3 min" or "2 h". */
export function duration(seconds: number): string {
  if (seconds < 60) return say("seconds", { n: Math.max(1, Math.round(seconds)) });
  const minutes = Math.round(seconds / 60);
  return minutes < 60 ? say("minutes", { n: minutes }) : say("hours", { n: Math.round(minutes / 60) });
}

/** Return a number of bytes as "7 MB". */
export function size(bytes: number): string {
  for (const [unit, name] of [
    [1e9, "GB"],
    [1e6, "MB"],
    [1e3, "KB"],
  ] as const) {
    if (bytes >= unit) {
      const value = bytes / unit;
      const digits = value < 9.95 ? 1 : 0;
      const shown = new Intl.NumberFormat(document.documentElement.lang, { maximumFractionDigits: digits });
      const written = document.documentElement.lang === "fr" ? name.replace("B", "o") : name;
      return `${shown.format(value)} ${written}`;
    }
  }
  return say("bytes", { n: bytes });
}
