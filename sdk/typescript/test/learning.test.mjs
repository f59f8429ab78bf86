// Progress and notes against a running server named by AKAKO_URL and AKAKO_TOKENS.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { test as all } from "node:test";

import { AkakoAPI, NotFoundError, PreconditionFailedError } from "@akako/lms-sdk";

const { AKAKO_URL = "http://localhost", AKAKO_TOKENS = "{}" } = process.env;
const test = process.env.AKAKO_URL ? all : all.skip;
const tokens = JSON.parse(AKAKO_TOKENS);
const [admin, mentor, learner] = ["admin", "mentor", "learner"].map(
  (who) => new AkakoAPI({ baseURL: `${AKAKO_URL}/api`, token: tokens[who] }),
);

async function makeSubject() {
  const mentorId = (await mentor.auth.getProfile()).id;
  const level = await admin.education.createLevel({ name: `Level ${randomUUID()}` });
  const grade = await admin.education.createGrade({
    name: "Grade 1",
    educationLevelId: level.id,
    level: "primary",
  });
  const subject = await admin.education.createSubject({
    name: "Biology",
    gradeId: grade.id,
    mentorId,
  });
  const topics = [];
  for (const name of ["Bees", "Wasps"])
    topics.push((await admin.education.createTopic({ name, subjectId: subject.id })).id);
  const request = await learner.enrollment.requestEnrollment(subject.id);
  await admin.enrollment.approveEnrollment(request.id);
  return { subject, topics };
}

test("a learner watches, notes and gets a reply", async () => {
  const { subject, topics } = await makeSubject();
  const progress = await learner.progress.update(topics[0], {
    positionSeconds: 30.5,
    durationSeconds: 60,
    watched: [[0, 30.5]],
  });
  assert.deepEqual([progress.status, progress.watchedPercent], ["IN_PROGRESS", 50]);
  const results = await learner.progress.updateMany([
    { topicId: topics[0], positionSeconds: 9, recordedAt: new Date(Date.now() - 3_600_000) },
    { topicId: topics[1], markedDone: true },
    { topicId: "unknown", markedDone: true },
  ]);
  assert.deepEqual(
    results.map(({ code }) => code),
    [null, null, "NOT_FOUND"],
  );
  assert.equal(results[0].progress.positionSeconds, 30.5);
  assert.equal((await learner.progress.get(topics[1])).status, "COMPLETED");
  const rows = [];
  for await (const row of learner.progress.iterSubjects({ subjectId: subject.id })) rows.push(row);
  assert.deepEqual(
    rows.map(({ percent, nextTopicId }) => [percent, nextTopicId]),
    [[50, topics[0]]],
  );
  const whole = await learner.progress.getSubject(subject.id);
  assert.deepEqual(
    whole.topics.map(({ name }) => name),
    ["Bees", "Wasps"],
  );
  const taught = [];
  for await (const each of mentor.progress.iterTaughtSubjects()) taught.push(each);
  assert.equal(taught.find(({ id }) => id === subject.id).averagePercent, 50);
  const [person] = await mentor.progress.getLearners(subject.id);
  assert.equal(person.percent, 50);
  const file = await mentor.progress.downloadLearners(subject.id, { sort: "percent" });
  const text = await (await file.blob()).text();
  assert.equal(file.mimeType, "text/csv; charset=utf-8");
  assert.match(text, new RegExp(`^userId,firstName.*\\r\\n${person.userId},`));
  const report = await admin.analytics.downloadCsv("enrollments", { interval: "month" });
  assert.match(await (await report.blob()).text(), /^date,requested,approved/);

  const note = await learner.notes.put(
    topics[0],
    { content: "Why six legs?" },
    { ifNoneMatch: "*" },
  );
  await assert.rejects(
    learner.notes.put(topics[0], { content: "Again" }, { ifNoneMatch: "*" }),
    PreconditionFailedError,
  );
  const shared = { content: "Why six?", sharedWithMentor: true };
  await learner.notes.put(topics[0], shared, { ifMatch: note.etag });
  const waiting = [];
  for await (const each of mentor.notes.iterSharedNotes({ subjectId: subject.id }))
    waiting.push(each.content);
  assert.deepEqual(waiting, ["Why six?"]);
  await mentor.notes.reply(note.id, "They are insects.");
  assert.equal((await learner.notes.get(topics[0])).reply.content, "They are insects.");
  assert.equal((await mentor.notes.deleteReply(note.id)).reply, null);
  const data = await learner.auth.exportMyData();
  assert.ok(data.notes.some(({ content }) => content === "Why six?"));
  assert.equal((await learner.notes.delete(topics[0])).deleted, true);
  assert.equal((await learner.notes.getNotes({ subjectId: subject.id })).length, 0);
  await assert.rejects(learner.notes.get(topics[0]), NotFoundError);
});
