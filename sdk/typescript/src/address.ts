const LOOPBACK = new Set(["localhost", "127.0.0.1", "[::1]"]);

function parsed(baseURL: string): URL {
  try {
    return new URL(baseURL);
  } catch (cause) {
    const shown = JSON.stringify(baseURL);
    throw new TypeError(`baseURL must be an absolute address, not ${shown}`, { cause });
  }
}

/** The base address without a trailing slash. Throws a TypeError where the token would not be safe. */
export function checked(baseURL: string, allowHttp: boolean): string {
  const url = parsed(baseURL);
  if (url.protocol !== "https:" && url.protocol !== "http:") {
    throw new TypeError("baseURL must start with https://");
  }
  const exposed = url.protocol === "http:" && !LOOPBACK.has(url.hostname);
  if (exposed && !allowHttp) {
    throw new TypeError(
      "baseURL must start with https:// (http:// is for this machine only; allowHttp accepts it " +
        "in a network that you trust)",
    );
  }
  if (url.username || url.password || url.search || url.hash) {
    throw new TypeError("baseURL must be scheme, host and path only");
  }
  if (exposed) {
    const where = `Tokens and files go to ${url.host} without encryption`;
    console.warn(`@akako/lms-sdk: ${where}: others can read them`);
  }
  return url.href.replace(/\/+$/, "");
}

/**
 * An address of the server, which may be given as a path.
 *
 * The server's paths start with `/api`. Where a proxy serves the API below a prefix, such as
 * `https://host/lms/api`, they are below that prefix.
 */
export function absolute(url: string, base: string): string {
  const own = new URL(base).pathname;
  const below = own.endsWith("/api") && url.startsWith("/api/") && !url.startsWith(`${own}/`);
  return below ? base + url.slice("/api".length) : new URL(url, base).href;
}

/** An id as a part of a path; one that would lead elsewhere is refused. */
export function segment(id: string): string {
  if (typeof id !== "string" || !/[^.]/.test(id)) {
    throw new TypeError(`not an id: ${JSON.stringify(id)}`);
  }
  return encodeURIComponent(id);
}
