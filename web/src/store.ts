// What the device keeps for one user. Storage may be full or switched off: then nothing is kept.

const user = document.documentElement.dataset.user ?? "";

export function read<T>(name: string): T | undefined {
  try {
    const text = localStorage.getItem(`akako:${user}:${name}`);
    return text === null ? undefined : (JSON.parse(text) as T);
  } catch {
    return undefined;
  }
}

/** Store a value and return whether the device accepted it. */
export function write(name: string, value: unknown): boolean {
  try {
    if (value === undefined) localStorage.removeItem(`akako:${user}:${name}`);
    else localStorage.setItem(`akako:${user}:${name}`, JSON.stringify(value));
    return true;
  } catch {
    return false;
  }
}

/** Return the names that begin with a prefix. */
export function names(prefix: string): string[] {
  const start = `akako:${user}:`;
  try {
    const own = Object.keys(localStorage).filter((each) => each.startsWith(start + prefix));
    return own.map((each) => each.slice(start.length));
  } catch {
    return [];
  }
}
