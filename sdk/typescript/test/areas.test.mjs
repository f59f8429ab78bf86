// Every area against a running server named by AKAKO_URL, AKAKO_TOKENS and AKAKO_WEBHOOK_SECRET.
import assert from "node:assert/strict";
import { createHash, randomUUID } from "node:crypto";
import { createRequire } from "node:module";
import { test as all } from "node:test";

import {
  AkakoAPI,
  ConflictError,
  ForbiddenError,
  NotFoundError,
  PreconditionFailedError,
  UnauthorizedError,
  UnsupportedMediaTypeError,
  ValidationError,
} from "@akako/lms-sdk";

const { AKAKO_URL = "http://localhost", AKAKO_TOKENS = "{}" } = process.env;
const test = process.env.AKAKO_URL ? all : all.skip;
const baseURL = `${AKAKO_URL}/api`;
const tokens = JSON.parse(AKAKO_TOKENS);
const as = (who) => new AkakoAPI({ baseURL, token: tokens[who] });
const [admin, mentor, learner, anyone] = [
  as("admin"),
  as("mentor"),
  as("learner"),
  new AkakoAPI({ baseURL }),
];
const unique = (word) => `${word} ${randomUUID().slice(0, 8)}`;
const sha256 = (bytes) => createHash("sha256").update(bytes).digest("hex");
const PDF = new Blob([`%PDF-1.4\n${"x".repeat(100_000)}\n%%EOF\n`]);

async function makeTopic() {
  const mentorId = (await mentor.auth.getProfile()).id;
  const level = await admin.education.createLevel({ name: unique("Level") });
  const grade = await admin.education.createGrade({
    name: "Grade 1",
    educationLevelId: level.id,
    level: "primary",
  });
  const subject = await admin.education.createSubject({
    name: "Mathematics",
    gradeId: grade.id,
    mentorId,
  });
  const topic = await mentor.education.createTopic({ name: "Addition", subjectId: subject.id });
  return { level, grade, subject, topic };
}

test("both module systems are the same", () => {
  const commonjs = createRequire(import.meta.url)("@akako/lms-sdk");
  assert.equal(typeof commonjs.AkakoAPI, "function");
  assert.equal(typeof commonjs.verifyWebhook, "function");
});

test("the curriculum", async () => {
  const { level, grade, subject, topic } = await makeTopic();
  assert.deepEqual(
    (await anyone.education.getGrades(level.id)).map(({ id }) => id),
    [grade.id],
  );
  assert.deepEqual(
    (await anyone.education.getSubjects(grade.id)).map(({ id }) => id),
    [subject.id],
  );
  assert.deepEqual(
    (await anyone.education.getTopics(subject.id)).map(({ id }) => id),
    [topic.id],
  );
  assert.equal((await anyone.education.getTopic(topic.id)).content, undefined);

  const read = (await admin.education.getLevels({ search: level.name }))[0];
  const changed = await admin.education.updateLevel(
    level.id,
    { ...read, description: "New" },
    { ifMatch: level.etag },
  );
  assert.equal(changed.description, "New");
  await assert.rejects(
    admin.education.updateLevel(level.id, { name: "x" }, { ifMatch: level.etag }),
    PreconditionFailedError,
  );
  assert.equal((await admin.education.updateGrade(grade.id, { level: "higher" })).level, "higher");
  assert.equal((await admin.education.updateSubject(subject.id, { mentorId: null })).mentor, null);
  assert.equal((await admin.education.updateTopic(topic.id, { content: "2" })).content, "2");
  assert.equal((await admin.education.deleteTopic(topic.id)).deleted, true);
  assert.equal((await admin.education.deleteSubject(subject.id)).deleted, true);
  assert.equal((await admin.education.deleteGrade(grade.id, { force: true })).deleted, true);
  assert.equal((await admin.education.deleteLevel(level.id)).id, level.id);
  await assert.rejects(anyone.education.getGrades(level.id), NotFoundError);
});

test("a list is a page of an array, and its iterator walks them all", async () => {
  const word = unique("walked");
  const made = [];
  for (let n = 0; n < 5; n++)
    made.push((await admin.education.createLevel({ name: `${word} ${n}` })).id);
  const page = await anyone.education.getLevels({ search: word, limit: 2, sort: "name" });
  assert.deepEqual([page.length, page.pagination.total, page.pagination.hasNext], [2, 5, true]);
  const seen = [];
  for await (const level of anyone.education.iterLevels({ search: word, limit: 2, sort: "name" }))
    seen.push(level.id);
  assert.deepEqual(seen, made);
});

test("users and their roles", async () => {
  const { id } = await as("extra").auth.getProfile();
  const end = new Date(Date.now() + 86_400_000);
  const { userRole, user } = await admin.users.assignRole(id, "MENTOR", { effectiveEndDate: end });
  assert.equal(new Date(userRole.effectiveEndDate).getTime(), end.getTime());
  assert.deepEqual(user.roles, ["MENTOR", "LEARNER"]);
  const listed = await admin.users.getUsers({
    role: ["MENTOR", "ADMIN"],
    createdTo: end,
    limit: 100,
  });
  assert.ok(listed.some((each) => each.id === id));
  assert.deepEqual((await admin.users.removeRole(id, "MENTOR")).roles, ["LEARNER"]);
  assert.equal((await admin.users.updateUser(id, { plan: "PRO" })).plan, "PRO");
  assert.ok((await admin.users.getUser(id)).userRoles.length >= 2);
  const entry = (await admin.audit.getEntries({ limit: 1, resourceId: id }))[0];
  assert.equal(entry.resourceId, id);
});

test("the own account and plans", async () => {
  const synced = await anyone.auth.sync({ userId: "user_123", email: "test@example.com" });
  assert.equal(synced.synced, true);
  assert.equal((await learner.auth.sync()).clerkId, "user_123");
  const profile = await learner.auth.updateProfile({ firstName: "Ada" });
  assert.equal(profile.firstName, "Ada");
  assert.equal((await learner.plans.getQuota()).plan, "FREE");
  assert.equal((await admin.plans.setOrganizationPlan("org_typescript", "PRO")).plan, "PRO");
});

test("documents and videos", async () => {
  const { topic } = await makeTopic();
  const bytes = new Uint8Array(await PDF.arrayBuffer());
  for (const upload of ["uploadDocument", "uploadResumable"]) {
    const options = { filename: "notes.pdf", name: "Notes", description: "Study", progress() {} };
    const document = await mentor.files[upload](topic.id, PDF, options);
    assert.deepEqual(
      [document.sha256, document.name, document.description, document.fileName],
      [sha256(bytes), "Notes", "Study", "notes.pdf"],
    );
    const file = await mentor.files.downloadDocument(document.id, { disposition: "inline" });
    assert.deepEqual(
      [file.size, file.fileName, file.mimeType],
      [PDF.size, "notes.pdf", "application/pdf"],
    );
    assert.deepEqual(await file.bytes(), bytes);
    const rest = await mentor.files.downloadDocument(document.id, { start: 1000, etag: file.etag });
    assert.deepEqual(await rest.bytes(), bytes.subarray(1000));
    assert.equal((await mentor.files.getDocuments(topic.id))[0].id, document.id);
    const link = await mentor.files.createDocumentLink(document.id);
    assert.ok(link.url.startsWith(`${baseURL}/media/`) && Date.parse(link.expiresAt) > Date.now());
    assert.deepEqual(new Uint8Array(await (await fetch(link.url)).arrayBuffer()), bytes);
    const renamed = await mentor.files.updateDocument(topic.id, document.id, { name: "Monday" });
    assert.deepEqual([renamed.name, renamed.fileName], ["Monday", "notes.pdf"]);
    await mentor.files.deleteDocument(topic.id, document.id);
    assert.deepEqual(await mentor.files.restoreDocument(topic.id, document.id), renamed);
    assert.equal((await mentor.files.deleteDocument(topic.id, document.id)).deleted, true);
    await assert.rejects(mentor.files.downloadDocument(document.id), NotFoundError);
  }
  const streamed = await mentor.files.uploadDocument(topic.id, PDF.stream(), { filename: "a.pdf" });
  assert.equal(streamed.sha256, sha256(bytes));

  const film = new Blob([
    Buffer.from("00000018667479706d703432000000006d70343269736f6d", "hex"),
    "x".repeat(5000),
  ]);
  const first = await mentor.videos.uploadVideo(topic.id, film, { filename: "a.mp4" });
  assert.equal(first.version, 1);
  const second = await mentor.videos.uploadResumable(topic.id, film, { filename: "a.mp4" });
  assert.deepEqual([second.version, second.sha256], [2, first.sha256]);
  const stale = mentor.videos.uploadVideo(topic.id, film, {
    filename: "a.mp4",
    ifMatch: '"other"',
  });
  await assert.rejects(stale, PreconditionFailedError);
  assert.equal((await (await mentor.videos.downloadVideo(topic.id)).bytes()).length, film.size);
  const link = await mentor.videos.createVideoLink(topic.id);
  assert.equal((await (await fetch(link.url)).blob()).size, film.size);
  assert.equal((await mentor.videos.deleteVideo(topic.id)).topicId, topic.id);
});

test("a refused upload tells why", async () => {
  const { topic } = await makeTopic();
  const program = new Blob(["MZ"]);
  await assert.rejects(
    mentor.files.uploadDocument(topic.id, program, { filename: "a.exe" }),
    UnsupportedMediaTypeError,
  );
  await assert.rejects(
    mentor.files.uploadResumable(topic.id, program, { filename: "a.exe" }),
    UnsupportedMediaTypeError,
  );
});

test("enrollment", async () => {
  const { subject } = await makeTopic();
  const request = await learner.enrollment.requestEnrollment(subject.id, { message: "Please" });
  const pending = await admin.enrollment.getPendingEnrollments({ subjectId: subject.id });
  assert.deepEqual(
    pending.map(({ id, message }) => [id, message]),
    [[request.id, "Please"]],
  );
  assert.equal(
    (await admin.enrollment.rejectEnrollment(request.id, { reason: "full" })).decisionReason,
    "full",
  );
  assert.equal((await admin.enrollment.reopenEnrollment(request.id)).status, "PENDING");
  const decisions = [{ id: request.id, decision: "approve" }];
  assert.deepEqual(
    (await admin.enrollment.decideEnrollments(decisions)).map(({ status }) => status),
    ["APPROVED"],
  );
  assert.equal((await admin.enrollment.approveEnrollment(request.id)).status, "APPROVED");
  const mine = [];
  for await (const each of learner.enrollment.iterMyEnrollments()) mine.push(each.id);
  assert.ok(mine.includes(request.id));
  assert.equal((await learner.enrollment.cancelEnrollment(request.id)).status, "CANCELLED");
});

test("mentor applications", async () => {
  const [first, second] = [as("extra"), as("learner")];
  const applied = [];
  for (const applicant of [first, second])
    applied.push(await applicant.mentors.apply({ motivation: "I like it" }));
  const seen = [];
  for await (const { id } of admin.mentors.iterPendingApplications()) seen.push(id);
  assert.deepEqual(seen.filter((id) => applied.some((each) => each.id === id)).length, 2);
  const { subject } = await makeTopic();
  const approved = await admin.mentors.approveApplication(applied[0].id, {
    subjectIds: [subject.id],
    effectiveEndDate: new Date(Date.now() + 86_400_000),
    note: "Welcome",
  });
  assert.equal(approved.status, "APPROVED");
  assert.equal(
    (await admin.mentors.rejectApplication(applied[1].id, { reason: "no" })).status,
    "REJECTED",
  );
  assert.equal((await second.mentors.getMyApplications())[0].decisionReason, "no");
});

test("decisions on applications, all requests and notifications", async () => {
  const { subject } = await makeTopic();
  const application = await learner.mentors.apply({ motivation: "I teach" });
  const decisions = [{ id: application.id, decision: "approve", subjectIds: [subject.id] }];
  assert.deepEqual(
    (await admin.mentors.decideApplications(decisions)).map(({ status }) => status),
    ["APPROVED"],
  );
  assert.equal((await admin.mentors.reopenApplication(application.id)).status, "PENDING");
  const query = { status: ["PENDING", "APPROVED"], userId: application.userId };
  const found = await admin.mentors.getApplications(query);
  assert.ok(found.some(({ id }) => id === application.id));
  await admin.mentors.rejectApplication(application.id);
  const request = await learner.enrollment.requestEnrollment(subject.id);
  const requests = [];
  for await (const { id } of admin.enrollment.iterEnrollments({ subjectId: subject.id }))
    requests.push(id);
  assert.deepEqual(requests, [request.id]);

  const [newest] = await admin.notifications.getNotifications({ unread: true });
  assert.equal(newest.type, "enrollment.requested");
  assert.ok((await admin.notifications.getUnreadCount()) > 0);
  assert.equal((await admin.notifications.markRead(newest.id)).read, true);
  await admin.notifications.markAllRead();
  assert.equal(await admin.notifications.getUnreadCount(), 0);
  const read = [];
  for await (const { id } of admin.notifications.iterNotifications({ unread: false })) read.push(id);
  assert.ok(read.includes(newest.id));
});

test("an event of Clerk", async () => {
  const event = { type: "session.created", object: "event", data: { id: "sess_1" } };
  const secret = process.env.AKAKO_WEBHOOK_SECRET;
  assert.equal((await anyone.webhooks.sendClerkEvent(event, { secret })).received, true);
  const other = "whsec_plJ3nmyCDGBKInavdOK15jsl";
  await assert.rejects(anyone.webhooks.sendClerkEvent(event, { secret: other }), UnauthorizedError);
});

test("errors hold what the server sent", async () => {
  const name = unique("Primary");
  await admin.education.createLevel({ name });
  await assert.rejects(admin.education.createLevel({ name }), (error) => {
    assert.ok(error instanceof ConflictError);
    assert.deepEqual([error.status, error.code], [409, "CONFLICT"]);
    assert.deepEqual(error.details, { resource: "education_level", field: "name", value: name });
    assert.match(error.requestId, /^[0-9a-f]+$/);
    return true;
  });
  await assert.rejects(learner.users.getUsers(), (error) => {
    assert.ok(error instanceof ForbiddenError);
    assert.deepEqual(error.details.required, ["ADMIN"]);
    return true;
  });
  await assert.rejects(anyone.auth.getProfile(), UnauthorizedError);
  await assert.rejects(admin.education.createLevel({ name: "" }), (error) => {
    assert.ok(error instanceof ValidationError);
    assert.equal(error.details.field, "name");
    return true;
  });
});
