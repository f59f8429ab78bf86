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
