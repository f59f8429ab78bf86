// The same answers in fast Node: Fastify with schemas, pg with prepared statements, ioredis, fast-jwt.
import { createHash, randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";

import { createVerifier } from "fast-jwt";
import Fastify from "fastify";
import { Redis } from "ioredis";
import pg from "pg";

const env = process.env;
const read = (name) => readFileSync(join(env.BENCH_FOLDER, name), "utf8");
const sql = JSON.parse(read("sql.json"));
const ROLES = ["ADMIN", "MENTOR", "LEARNER"];
const LIMIT = 999_999;

// Moments stay text: "2026-01-01 00:00:07+00" → "2026-01-01T00:00:07Z".
// PostgreSQL leaves trailing zeros of a fraction out.
const zulu = (_, fraction = "") => fraction.padEnd(fraction && 7, "0") + "Z";
pg.types.setTypeParser(1184, (text) => text.replace(" ", "T").replace(/(\.\d+)?\+00$/, zulu));
const pool = new pg.Pool({ connectionString: env.BENCH_DATABASE_URL, max: 10 });
const redis = new Redis(env.BENCH_REDIS_URL);
redis.defineCommand("countHit", { numberOfKeys: 1, lua: read("limit.lua") });
const verify = createVerifier({
  key: read("public.pem"),
  algorithms: ["RS256"],
  allowedIss: env.BENCH_ISSUER,
});

const text = { type: "string" };
const maybe = { type: "string", nullable: true };
const flag = { type: "boolean" };
const number = { type: "integer" };
const object = (properties) => ({ type: "object", properties });
const pagination = object({
  page: number,
  limit: number,
  total: number,
  pages: number,
  hasNext: flag,
  hasPrev: flag,
});
const list = (items) =>
  object({ success: flag, data: { type: "array", items: object(items) }, pagination });
const LEVELS = list({
  id: text,
  name: text,
  description: text,
  imageUrl: maybe,
  isActive: flag,
  createdAt: text,
  updatedAt: text,
});
const USERS = list({
  id: text,
  clerkId: text,
  email: maybe,
  username: maybe,
  firstName: maybe,
  lastName: maybe,
  imageUrl: maybe,
  status: text,
  plan: text,
  roles: { type: "array", items: text },
  createdAt: text,
  updatedAt: text,
  userRoles: {
    type: "array",
    items: object({
      id: text,
      role: text,
      effectiveStartDate: text,
      effectiveEndDate: maybe,
      assignedBy: maybe,
    }),
  },
  lastSyncedAt: maybe,
});
const ENROLLMENT = {
  id: text,
  status: text,
  subjectId: text,
  userId: text,
  message: maybe,
  requestedAt: text,
  decidedAt: maybe,
  decidedBy: maybe,
  decisionReason: maybe,
};
const CREATED = object({ success: flag, data: object(ENROLLMENT), message: text });
const WISH = {
  type: "object",
  required: ["subjectId"],
  properties: {
    subjectId: { type: "string", pattern: "^[A-Za-z0-9_-]{1,64}$" },
    message: { type: "string", maxLength: 1000, nullable: true },
  },
};

const app = Fastify({ logger: false });

const run = (client, name, values) => client.query({ name, text: sql[name], values });
const tagOf = (body) => createHash("sha256").update(body).digest("hex").slice(0, 32);

app.addHook("onRequest", async (request, reply) => {
  const [allowed, remaining, wait] = await redis.countHit("bench:fastify", LIMIT, 60_000_000);
  if (!allowed) throw Object.assign(new Error("too many"), { statusCode: 429 });
  reply.headers({
    "content-type": "application/json; charset=utf-8",
    "x-content-type-options": "nosniff",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "referrer-policy": "no-referrer",
    "x-api-version": "2026-11-23",
    vary: "Origin",
    "x-request-id": randomBytes(8).toString("hex"),
    "x-ratelimit-limit": LIMIT,
    "x-ratelimit-remaining": remaining,
    "x-ratelimit-reset": Math.ceil(Date.now() / 1000 + wait / 1e6),
  });
});

function requires(role) {
  return async (request) => {
    let claims;
    try {
      claims = verify((request.headers.authorization ?? "").slice(7));
    } catch {
      throw Object.assign(new Error("unauthorized"), { statusCode: 401 });
    }
    const { rows } = await run(pool, "caller", [claims.sub, claims.sid]);
    const caller = rows[0];
    if (!caller || caller.deleted || caller.ended || caller.status !== "ACTIVE")
      throw Object.assign(new Error("unauthorized"), { statusCode: 401 });
    if (!caller.roles.includes(role))
      throw Object.assign(new Error("forbidden"), { statusCode: 403 });
    request.caller = caller;
  };
}

function page(rows, number, build) {
  const total = Number(rows[0].total);
  return {
    success: true,
    data: rows.slice(0, 20).map(build),
    pagination: {
      page: number,
      limit: 20,
      total,
      pages: Math.ceil(total / 20),
      hasNext: rows.length > 20,
      hasPrev: number > 1,
    },
  };
}

function link(path, number, order, last) {
  const moment = last.created_at.replace("Z", "+00:00");
  const raw = JSON.stringify([number, "createdAt", order, moment, last.id]);
  return `<${path}&cursor=${Buffer.from(raw).toString("base64url")}>; rel="next"`;
}

const level = (row) => ({
  id: row.id,
  name: row.name,
  description: row.description,
  imageUrl: row.image_url,
  isActive: row.is_active,
  createdAt: row.created_at,
  updatedAt: row.updated_at,
});

const utc = (moment) => moment && `${moment.slice(0, -6)}Z`;

function user(row) {
  const now = Date.now();
  const held = JSON.parse(row.windows);
  const current = held.filter(
    ([, , start, end]) => Date.parse(start) <= now && (end === null || Date.parse(end) > now),
  );
  return {
    id: row.id,
    clerkId: row.clerk_id,
    email: row.email,
    username: row.username,
    firstName: row.first_name,
    lastName: row.last_name,
    imageUrl: row.image_url,
    status: row.status,
    plan: row.plan,
    roles: ROLES.filter((role) => current.some((each) => each[1] === role)),
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    userRoles: held.map(([id, role, start, end, by]) => ({
      id,
      role,
      effectiveStartDate: utc(start),
      effectiveEndDate: utc(end),
      assignedBy: by,
    })),
    lastSyncedAt: row.last_synced_at,
  };
}

app.get(
  "/api/education/levels",
  {
    schema: { response: { 200: LEVELS } },
    onSend: async (request, reply, body) => {
      const tag = `W/"${tagOf(body)}"`;
      reply.header("etag", tag);
      if (request.headers["if-none-match"] !== tag) return body;
      reply.code(304);
      return null;
    },
  },
  async (request, reply) => {
    const { rows } = await run(pool, "levels", []);
    reply.headers({
      "cache-control": "public, max-age=30",
      vary: "Authorization, Origin",
      link: link("/api/education/levels?limit=20", 2, "asc", rows[19]),
    });
    return page(rows, 1, level);
  },
);

app.get(
  "/api/users",
  { schema: { response: { 200: USERS } }, preHandler: requires("ADMIN") },
  async (request, reply) => {
    const { search, cursor, order = "desc" } = request.query;
    let rows;
    let number = 1;
    let path = `/api/users?search=${search}&limit=20`;
    if (cursor) {
      const [after, , , moment, id] = JSON.parse(Buffer.from(cursor, "base64url"));
      number = after;
      ({ rows } = await run(pool, "users_after", [moment, id]));
      path = "/api/users?sort=createdAt&order=asc&limit=20";
    } else {
      ({ rows } = await run(pool, "search", [`%${search}%`]));
    }
    reply.headers({
      "cache-control": "no-store",
      "x-quota-limit": "unlimited",
      link: link(path, number + 1, order, rows[19]),
    });
    return page(rows, number, user);
  },
);

async function enroll(caller, wish, requestId) {
  const client = await pool.connect();
  try {
    await client.query("begin");
    const { rows } = await run(client, "subject", [wish.subjectId]);
    const [subject] = rows;
    if (!subject) throw Object.assign(new Error("not found"), { statusCode: 404 });
    if (subject.mentor_id === caller.id)
      throw Object.assign(new Error("own subject"), { statusCode: 422 });
    const id = randomBytes(16).toString("hex");
    const inserted = await run(client, "enroll", [id, caller.id, subject.id, wish.message ?? null]);
    const concerned = { userId: caller.id, subjectId: subject.id };
    const facts = { status: "PENDING", ...concerned, decidedAt: null, decidedBy: null };
    await run(client, "audit", [
      caller.id,
      caller.clerk_id,
      "enrollment.requested",
      "enrollment",
      id,
      facts,
      "127.0.0.1",
      requestId,
    ]);
    const event = randomBytes(16).toString("hex");
    const data = { enrollmentId: id, ...concerned };
    await run(client, "announce", [event, "enrollment.requested", data]);
    const still = (await run(client, "authority", [caller.id, caller.session])).rows[0];
    if (!still.roles.includes("LEARNER") || still.status !== "ACTIVE" || still.ended)
      throw new Error("authority lost");
    const notice = randomBytes(16).toString("hex");
    const unread = "unread:enrollment.requested";
    await run(client, "notify", [notice, "enrollment.requested", data, unread]);
    await client.query("commit");
    return inserted.rows[0];
  } catch (error) {
    await client.query("rollback");
    if (error.code === "23505") error.statusCode = 409;
    throw error;
  } finally {
    client.release();
  }
}

app.post(
  "/api/enrollment/request",
  { schema: { body: WISH, response: { 201: CREATED } }, preHandler: requires("LEARNER") },
  async (request, reply) => {
    const row = await enroll(request.caller, request.body, reply.getHeader("x-request-id"));
    const data = {
      id: row.id,
      status: row.status,
      subjectId: row.subject_id,
      userId: row.user_id,
      message: row.message,
      requestedAt: row.requested_at,
      decidedAt: row.decided_at,
      decidedBy: row.decided_by,
      decisionReason: row.decision_reason,
    };
    reply.code(201).headers({
      "cache-control": "no-store",
      "x-quota-limit": "unlimited",
      location: "/api/enrollment/me",
      etag: `"${tagOf(JSON.stringify(data))}"`,
    });
    return { success: true, data, message: "Enrollment requested successfully" };
  },
);

const PROGRESS = object({
  success: flag,
  data: object({
    topicId: text,
    subjectId: text,
    status: text,
    positionSeconds: { type: "number" },
    durationSeconds: { type: "number" },
    watchedSeconds: { type: "number" },
    watchedPercent: number,
    documentsOpened: { type: "array", items: text },
    markedDone: flag,
    completedAt: maybe,
    updatedAt: text,
  }),
  message: text,
});
const seconds = { type: "number", minimum: 0, maximum: 86400 };
const UPDATE = {
  type: "object",
  required: ["positionSeconds", "durationSeconds", "watched"],
  properties: {
    positionSeconds: seconds,
    durationSeconds: seconds,
    watched: {
      type: "array",
      maxItems: 200,
      items: { type: "array", items: seconds, minItems: 2, maxItems: 2 },
    },
  },
};
const tenths = (value) => Math.round(value * 10);

app.put(
  "/api/progress/topics/:topicId",
  { schema: { body: UPDATE, response: { 200: PROGRESS } }, preHandler: requires("LEARNER") },
  async (request, reply) => {
    const { positionSeconds, durationSeconds, watched } = request.body;
    const ranges = watched.map(([start, end]) => `[${tenths(start)},${tenths(end)})`).join(",");
    const { rows } = await run(pool, "progress", [
      request.caller.id,
      request.params.topicId,
      tenths(positionSeconds),
      tenths(durationSeconds),
      `{${ranges}}`,
      [],
      null,
      new Date().toISOString(),
    ]);
    const [row] = rows;
    if (!row?.updated_at) throw Object.assign(new Error("not found"), { statusCode: 404 });
    reply.header("cache-control", "no-store");
    const data = {
      topicId: row.topic_id,
      subjectId: row.subject_id,
      status: row.completed_at ? "COMPLETED" : "IN_PROGRESS",
      positionSeconds: row.position_tenths / 10,
      durationSeconds: row.duration_tenths / 10,
      watchedSeconds: row.watched_tenths / 10,
      watchedPercent: Math.floor((row.watched_tenths * 100) / row.duration_tenths),
      documentsOpened: row.documents_opened,
      markedDone: row.marked_done,
      completedAt: row.completed_at,
      updatedAt: row.updated_at,
    };
    return { success: true, data, message: "Progress updated successfully" };
  },
);

await app.listen({ host: "127.0.0.1", port: Number(env.PORT) });
