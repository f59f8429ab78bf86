import { randomBytes } from "node:crypto";

import { answered, caller, moment, Refusal, tagOf } from "../../../../lib/http";
import { prisma } from "../../../../lib/prisma";

export const dynamic = "force-dynamic";

const ID = /^[A-Za-z0-9_-]{1,64}$/;
const present = { deletedAt: null, isActive: true };

async function wished(request) {
  const { subjectId, message = null } = await request.json();
  if (typeof subjectId !== "string" || !ID.test(subjectId)) throw new Refusal(422);
  if (message !== null && (typeof message !== "string" || message.length > 1000))
    throw new Refusal(422);
  return { subjectId, message };
}

const enrolled = (user, wish, requestId, ip) => async (tx) => {
  const subject = await tx.subject.findFirst({
    where: { id: wish.subjectId, ...present, grade: { ...present, level: present } },
    select: { id: true, mentorId: true },
  });
  if (!subject) throw new Refusal(404);
  if (subject.mentorId === user.id) throw new Refusal(422);
  const enrollment = await tx.enrollment.create({
    data: { id: randomBytes(16).toString("hex"), userId: user.id, ...wish },
  });
  const concerned = { userId: user.id, subjectId: subject.id };
  await tx.auditEntry.create({
    data: {
      actorUserId: user.id,
      actorClerkId: user.clerkId,
      action: "enrollment.requested",
      resource: "enrollment",
      resourceId: enrollment.id,
      after: { status: "PENDING", ...concerned, decidedAt: null, decidedBy: null },
      ip,
      requestId,
    },
    select: { id: true },
  });
  await tx.outbox.create({
    data: {
      id: randomBytes(16).toString("hex"),
      type: "enrollment.requested",
      data: { enrollmentId: enrollment.id, ...concerned },
    },
    select: { id: true },
  });
  return enrollment;
};

export const POST = (request) =>
  answered(request, async (requestId) => {
    const user = await caller(request, "LEARNER");
    const wish = await wished(request);
    let enrollment;
    try {
      enrollment = await prisma.$transaction(enrolled(user, wish, requestId, "127.0.0.1"));
    } catch (error) {
      if (error.code === "P2002") throw new Refusal(409);
      throw error;
    }
    const data = {
      id: enrollment.id,
      status: enrollment.status,
      subjectId: enrollment.subjectId,
      userId: enrollment.userId,
      message: enrollment.message,
      requestedAt: moment(enrollment.requestedAt),
      decidedAt: moment(enrollment.decidedAt),
      decidedBy: enrollment.decidedBy,
      decisionReason: enrollment.decisionReason,
    };
    return {
      status: 201,
      body: JSON.stringify({ success: true, data, message: "Enrollment requested successfully" }),
      headers: {
        "cache-control": "no-store",
        "x-quota-limit": "unlimited",
        location: "/api/enrollment/me",
        etag: `"${tagOf(JSON.stringify(data))}"`,
      },
    };
  });
