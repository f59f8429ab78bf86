// The service worker: shows a page of our own where the device is offline, and does nothing else.
// It stores no page of a signed-in person. Signing out removes it (Clear-Site-Data).

interface Work extends Event {
  waitUntil(work: Promise<unknown>): void;
}
interface Install extends Work {
  addRoutes?(routes: { condition: { urlPattern: string }; source: "network" }[]): Promise<void>;
}
interface Load extends Work {
  request: Request;
  preloadResponse?: Promise<Response | undefined>;
  respondWith(response: Promise<Response>): void;
}
interface Worker {
  registration: ServiceWorkerRegistration;
  clients: { claim(): Promise<void> };
  skipWaiting(): Promise<void>;
  addEventListener(type: "install", listener: (event: Install) => void): void;
  addEventListener(type: "activate", listener: (event: Work) => void): void;
  addEventListener(type: "fetch", listener: (event: Load) => void): void;
}

const worker = self as unknown as Worker;
const STORE = "akako-offline";
const PAGE = "/offline";

/** Store the page and its files. It is requested without cookies, so it contains nothing private. */
async function store(): Promise<void> {
  const page = await fetch(`${PAGE}${location.search}`, { credentials: "omit", cache: "no-cache" });
  if (!page.ok) throw new Error(`offline page: ${page.status}`);
  const files = new Set((await page.clone().text()).match(/\/static\/[^"#]+/g) ?? []);
  await caches.delete(STORE);
  const cache = await caches.open(STORE);
  await cache.put(PAGE, page);
  await cache.addAll([...files]);
  await worker.skipWaiting();
}

/**
 * Let requests to the API pass by the worker. Chromium cancels what a closed page has sent through a
 * worker, `keepalive` or not, and with it the last minutes of a video.
 */
async function passBy(event: Install): Promise<void> {
  const paths = ["/api/*", "/session/*"];
  await event.addRoutes?.(
    paths.map((urlPattern) => ({ condition: { urlPattern }, source: "network" as const })),
  );
}

async function activate(): Promise<void> {
  await worker.registration.navigationPreload?.enable();
  await worker.clients.claim();
}

async function load(event: Load): Promise<Response> {
  try {
    return (await event.preloadResponse) ?? (await fetch(event.request));
  } catch (error) {
    const page = await caches.match(PAGE);
    if (page) return page;
    throw error;
  }
}

async function stored(request: Request): Promise<Response> {
  return (await caches.match(request)) ?? fetch(request);
}

worker.addEventListener("install", (event) => {
  event.waitUntil(Promise.all([passBy(event), store()]));
});
worker.addEventListener("activate", (event) => event.waitUntil(activate()));
worker.addEventListener("fetch", (event) => {
  const { method, mode, url } = event.request;
  if (method !== "GET") return;
  if (mode === "navigate") event.respondWith(load(event));
  else if (!navigator.onLine && new URL(url).pathname.startsWith("/static/")) {
    event.respondWith(stored(event.request));
  }
});
