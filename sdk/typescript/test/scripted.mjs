// A small HTTP server that answers what a test tells it to.
import { createServer } from "node:http";
import { text as textOf } from "node:stream/consumers";

export const LEVEL = {
  id: "level_1",
  name: "High School",
  description: "",
  imageUrl: null,
  isActive: true,
  createdAt: "2026-01-31T08:00:00Z",
  updatedAt: "2026-01-31T08:00:00.123456Z",
};
const PAGINATION = { page: 1, limit: 20, total: 1, pages: 1, hasNext: false, hasPrev: false };

// Repeated tries follow at once where the server asks for no pause.
let numbers = 0;
Math.random = () => ++numbers / 2 ** 40;

export const answer = (status, body = "", headers = {}) => ({ status, body, headers });
export const success = (data, status = 200, headers = {}) =>
  answer(status, JSON.stringify({ success: true, data, message: "ok" }), headers);
export const levels = (headers = {}) =>
  answer(200, JSON.stringify({ success: true, data: [LEVEL], pagination: PAGINATION }), headers);
export const refused = (status, code, headers = {}, details = {}) =>
  answer(status, JSON.stringify({ success: false, error: "No", code, details }), {
    "x-request-id": "req_1",
    ...headers,
  });
/** The line is cut: at once, or after so many bytes of an answer's body. */
export const cut = (whole, bytes) => ({ ...whole, cutAfter: bytes ?? 0, cut: true });
export const CUT = { cut: true };
/** Nothing comes, and the line stays open. */
export const SILENCE = { silence: true };

/** Give the answers in turn, the last of them for ever; returns what was received. */
export async function scripted(answers, use) {
  const received = [];
  const server = createServer(async (request, response) => {
    const { method, url, headers } = request;
    const one = { method, url, headers, body: "" };
    received.push(one);
    const scripted = answers[Math.min(received.length, answers.length) - 1];
    if (scripted === CUT) return void request.socket.destroy();
    one.body = await textOf(request).catch(() => "");
    if (scripted === SILENCE) return;
    const body = Buffer.from(scripted.body);
    response.writeHead(scripted.status, { "content-length": body.length, ...scripted.headers });
    if (!scripted.cut) return void response.end(method === "HEAD" ? "" : body);
    response.write(body.subarray(0, scripted.cutAfter), () => request.socket.destroy());
  });
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  try {
    await use(`http://127.0.0.1:${server.address().port}/api`, received);
  } finally {
    server.closeAllConnections();
    await new Promise((done) => server.close(done));
  }
  return received;
}

/** The error with which a call fails. */
export async function failureOf(call) {
  try {
    await call;
  } catch (error) {
    return error;
  }
  throw new Error("it did not fail");
}
