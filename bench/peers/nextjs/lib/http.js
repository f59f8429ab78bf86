// What every route does: count the request, know the caller, answer with the same headers.
import { createHash, randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";

import { Redis } from "ioredis";
import { importSPKI, jwtVerify } from "jose";

import { prisma } from "./prisma";

const LIMIT = 999_999;
const ROLES = ["ADMIN", "MENTOR", "LEARNER"];
const read = (name) => readFileSync(join(process.env.BENCH_FOLDER, name), "utf8");

function connect() {
  const redis = new Redis(process.env.BENCH_REDIS_URL);
  redis.defineCommand("countHit", { numberOfKeys: 1, lua: read("limit.lua") });
  return redis;
}

const redis = () => (globalThis.redis ??= connect());
const key = () => (globalThis.key ??= importSPKI(read("public.pem"), "RS256"));

export class Refusal extends Error {
  constructor(status) {
    super(String(status));
    this.status = status;
  }
}

export const tagOf = (body) => createHash("sha256").update(body).digest("hex").slice(0, 32);

export const moment = (date) => date && date.toISOString().replace(".000Z", "Z");

export const effective = (roles) => {
  const now = new Date();
  const held = roles.filter(
    (each) => each.effectiveStart <= now && (!each.effectiveEnd || each.effectiveEnd > now),
  );
  return ROLES.filter((role) => held.some((each) => each.role === role));
};

export async function caller(request, role) {
  let claims;
  try {
    const token = (request.headers.get("authorization") ?? "").slice(7);
    const issuer = process.env.BENCH_ISSUER;
    ({ payload: claims } = await jwtVerify(token, await key(), { algorithms: ["RS256"], issuer }));
  } catch {
    throw new Refusal(401);
  }
  const user = await prisma.user.findUnique({
    where: { clerkId: claims.sub },
    include: { userRoles: true },
  });
  if (!user || user.deletedAt || user.status !== "ACTIVE") throw new Refusal(401);
  if (!effective(user.userRoles).includes(role)) throw new Refusal(403);
  return user;
}

// Carry out a route's work, which returns { status, body, headers }.
export async function answered(request, work) {
  const [allowed, remaining, wait] = await redis().countHit("bench:nextjs", LIMIT, 60_000_000);
  if (!allowed) return new Response(null, { status: 429 });
  const common = {
    "content-type": "application/json; charset=utf-8",
    "x-content-type-options": "nosniff",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "referrer-policy": "no-referrer",
    "x-api-version": "2026-11-23",
    vary: "Origin",
    "x-request-id": randomBytes(8).toString("hex"),
    "x-ratelimit-limit": String(LIMIT),
    "x-ratelimit-remaining": String(remaining),
    "x-ratelimit-reset": String(Math.ceil(Date.now() / 1000 + wait / 1e6)),
  };
  try {
    const { status = 200, body, headers } = await work(common["x-request-id"]);
    const length = body === null ? {} : { "content-length": String(Buffer.byteLength(body)) };
    return new Response(body, { status, headers: { ...common, ...headers, ...length } });
  } catch (error) {
    if (error instanceof Refusal) return new Response(null, { status: error.status });
    throw error;
  }
}

export function link(path, page, order, last) {
  const at = moment(last.createdAt).replace("Z", "+00:00");
  const raw = JSON.stringify([page, "createdAt", order, at, last.id]);
  return `<${path}&cursor=${Buffer.from(raw).toString("base64url")}>; rel="next"`;
}

export function paged(rows, page, limit, total, build) {
  return JSON.stringify({
    success: true,
    data: rows.slice(0, limit).map(build),
    pagination: {
      page,
      limit,
      total,
      pages: Math.ceil(total / limit),
      hasNext: rows.length > limit,
      hasPrev: page > 1,
    },
  });
}
