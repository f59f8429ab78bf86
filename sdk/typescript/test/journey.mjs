// The story of a school, over a line that breaks; prints what came of it. The Python SDK tells the
// same one.
import { createHash, randomUUID } from "node:crypto";
import { readFile } from "node:fs/promises";

import { AkakoAPI } from "@akako/lms-sdk";

const { AKAKO_URL, AKAKO_TOKENS, AKAKO_FILM } = process.env;
const as = (who) =>
  new AkakoAPI({ baseURL: `${AKAKO_URL}/api`, token: JSON.parse(AKAKO_TOKENS)[who] });
const [admin, mentor, learner] = [as("admin"), as("mentor"), as("learner")];

const { id: mentorId } = await mentor.auth.getProfile();
const level = await admin.education.createLevel({ name: `Level ${randomUUID()}` });
const grade = await admin.education.createGrade({
  educationLevelId: level.id,
  name: "Grade 1",
  level: "primary",
});
const subject = await admin.education.createSubject({
  gradeId: grade.id,
  name: "Biology",
  mentorId,
});
const topic = await mentor.education.createTopic({ subjectId: subject.id, name: "Bees" });

const film = new Blob([await readFile(AKAKO_FILM)]);
const stopping = new AbortController();
const options = { filename: "bees.mp4", signal: stopping.signal };
let stopped = false;
try {
  await mentor.videos.uploadResumable(topic.id, film, {
    ...options,
    started: (id) => (options.uploadId = id),
    progress: (done) => done > film.size / 4 && stopping.abort(),
  });
} catch {
  stopped = stopping.signal.aborted;
}
const reported = [];
const video = await mentor.videos.uploadResumable(topic.id, film, {
  filename: "bees.mp4",
  uploadId: options.uploadId,
  progress: (done) => reported.push(done),
});

const refused = await learner.videos.downloadVideo(topic.id).catch((error) => error.code);
const request = await learner.enrollment.requestEnrollment(subject.id, { message: "Please" });
const pending = await admin.enrollment.getPendingEnrollments({ subjectId: subject.id });
const approved = await admin.enrollment.approveEnrollment(pending[0].id);
const seen = await (await learner.videos.downloadVideo(topic.id)).bytes();

const users = new Set();
for await (const user of admin.users.iterUsers({ sort: "createdAt", order: "asc" })) {
  if (user.lastName === "Crowd") users.add(user.id);
}

console.log(
  JSON.stringify({
    topic: topic.id,
    upload: options.uploadId,
    stopped,
    uploaded: [video.version, video.size, video.sha256],
    reported: reported.at(-1),
    refused,
    approved: [approved.id === request.id, approved.status],
    downloaded: createHash("sha256").update(seen).digest("hex"),
    users: users.size,
  }),
);
