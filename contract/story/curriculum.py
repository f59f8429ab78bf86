"""Requests for levels, grades, subjects, topics and the files of a topic."""

from __future__ import annotations

from story.step import ANONYMOUS, LEARNER, MENTOR, PICTURE, Step

PDF, VIDEO = "files/study-material.pdf", "files/lesson.mp4"

EDUCATION = [
    Step(
        "createLevel",
        "Create a level",
        body={"name": "High School {{run}}", "description": "Secondary education"},
        keep={"levelId": "result.id"},
    ),
    Step(
        "createLevel",
        "Create the same level again",
        body={"name": "High School {{run}}", "description": "Secondary education"},
        status=(409,),
        details={
            "resource": "education_level",
            "field": "name",
            "value": "High School {{run}}",
        },
    ),
    Step(
        "createGrade",
        "Create a grade",
        body={"educationLevelId": "{{levelId}}", "name": "Grade 7", "level": "secondary"},
        keep={"gradeId": "result.id"},
    ),
    Step(
        "createSubject",
        "Create a subject and give it to the mentor",
        body={"gradeId": "{{gradeId}}", "name": "Mathematics", "mentorId": "{{mentorId}}"},
        keep={"subjectId": "result.id"},
    ),
    Step(
        "createTopic",
        "Create a topic, as its mentor",
        MENTOR,
        {"subjectId": "{{subjectId}}", "name": "Addition", "content": "One and one is two."},
        keep={"topicId": "result.id"},
    ),
    Step("listLevels", "List levels", ANONYMOUS),
    Step("listGrades", "List the grades of a level", ANONYMOUS, path={"levelId": "{{levelId}}"}),
    Step(
        "listSubjects", "List the subjects of a grade", ANONYMOUS, path={"gradeId": "{{gradeId}}"}
    ),
    Step(
        "listTopics", "List the topics of a subject", ANONYMOUS, path={"subjectId": "{{subjectId}}"}
    ),
    Step(
        "listTopics",
        "List the topics of a subject, as its mentor",
        MENTOR,
        path={"subjectId": "{{subjectId}}"},
        checks={"the content is not listed": "!('content' in result[0])"},
    ),
    Step(
        "getTopic",
        "Get a topic, without a token",
        ANONYMOUS,
        path={"topicId": "{{topicId}}"},
        checks={"the content is not shown": "!('content' in result)"},
    ),
    Step(
        "getTopic",
        "Get a topic, as its mentor",
        MENTOR,
        path={"topicId": "{{topicId}}"},
        checks={"the content is shown": "result.content === 'One and one is two.'"},
    ),
    Step("getLevel", "Get a level", ANONYMOUS, path={"levelId": "{{levelId}}"}),
    Step("getGrade", "Get a grade", ANONYMOUS, path={"gradeId": "{{gradeId}}"}),
    Step(
        "getSubject",
        "Get a subject, as its mentor",
        MENTOR,
        path={"subjectId": "{{subjectId}}"},
        checks={"the topics are counted": "result.topicCount === 1"},
    ),
    Step(
        "orderTopics",
        "Set the order of the topics, as their mentor",
        MENTOR,
        {"topicIds": ["{{topicId}}"]},
        path={"subjectId": "{{subjectId}}"},
    ),
    Step("updateLevel", "Change a level", body=PICTURE, path={"levelId": "{{levelId}}"}),
    Step("updateGrade", "Change a grade", body=PICTURE, path={"gradeId": "{{gradeId}}"}),
    Step(
        "updateSubject",
        "Change a subject, as its mentor",
        MENTOR,
        {"description": "Numbers and what is done with them"},
        path={"subjectId": "{{subjectId}}"},
    ),
    Step(
        "updateTopic",
        "Change a topic, as its mentor",
        MENTOR,
        {"content": "One and one make two."},
        path={"topicId": "{{topicId}}"},
    ),
    Step(
        "createTopic",
        "Create a topic to delete",
        body={"subjectId": "{{subjectId}}", "name": "Spare topic"},
        keep={"spareTopicId": "result.id"},
    ),
    Step("deleteTopic", "Delete a topic", path={"topicId": "{{spareTopicId}}"}),
    Step("listDeleted", "List what can be restored", checks={"it is listed": "result.length >= 1"}),
    Step("restoreTopic", "Restore the topic", path={"topicId": "{{spareTopicId}}"}),
    Step("deleteTopic", "Delete the topic again", path={"topicId": "{{spareTopicId}}"}),
    Step(
        "createSubject",
        "Create a subject to delete",
        body={"gradeId": "{{gradeId}}", "name": "Spare subject"},
        keep={"spareSubjectId": "result.id"},
    ),
    Step("deleteSubject", "Delete a subject", path={"subjectId": "{{spareSubjectId}}"}),
    Step("restoreSubject", "Restore the subject", path={"subjectId": "{{spareSubjectId}}"}),
    Step("deleteSubject", "Delete the subject again", path={"subjectId": "{{spareSubjectId}}"}),
    Step(
        "createGrade",
        "Create a grade to delete",
        body={"educationLevelId": "{{levelId}}", "name": "Spare grade", "level": "higher"},
        keep={"spareGradeId": "result.id"},
    ),
    Step("deleteGrade", "Delete a grade", path={"gradeId": "{{spareGradeId}}"}),
    Step("restoreGrade", "Restore the grade", path={"gradeId": "{{spareGradeId}}"}),
    Step("deleteGrade", "Delete the grade again", path={"gradeId": "{{spareGradeId}}"}),
    Step(
        "createLevel",
        "Create a level to delete",
        body={"name": "Spare level {{run}}"},
        keep={"spareLevelId": "result.id"},
    ),
    Step("deleteLevel", "Delete a level", path={"levelId": "{{spareLevelId}}"}),
    Step("restoreLevel", "Restore the level", path={"levelId": "{{spareLevelId}}"}),
    Step("deleteLevel", "Delete the level again", path={"levelId": "{{spareLevelId}}"}),
]

METADATA = '{"name": "document.pdf", "description": "Study material"}'

FILES = [
    Step(
        "uploadDocument",
        "Upload a document, as the topic's mentor",
        MENTOR,
        files={"file": PDF, "topicId": "{{topicId}}", "metadata": METADATA},
        keep={"documentId": "result.id"},
        checks={"it has the name that was given": "result.name === 'document.pdf'"},
    ),
    Step(
        "listDocuments",
        "List the documents of a topic",
        MENTOR,
        path={"topicId": "{{topicId}}"},
        checks={"it is the one": "result.length === 1"},
    ),
    Step("streamDocument", "Download a document", MENTOR, query={"documentId": "{{documentId}}"}),
    Step(
        "streamDocument",
        "Download the first 100 bytes",
        MENTOR,
        query={"documentId": "{{documentId}}"},
        headers={"Range": "bytes=0-99"},
        status=(206,),
    ),
    Step(
        "streamDocument",
        "Download is refused before the enrollment",
        LEARNER,
        query={"documentId": "{{documentId}}"},
        status=(403,),
        details={
            "required": ["ADMIN", "MENTOR", "LEARNER"],
            "user_roles": ["LEARNER"],
            "reason": "not_enrolled",
        },
    ),
    Step(
        "createDocumentLink",
        "Create a link for a viewer",
        MENTOR,
        path={"documentId": "{{documentId}}"},
        keep={"mediaLink": "result.url.split('/').pop()"},
    ),
    Step(
        "openMediaLink",
        "Download by the link, without a token",
        ANONYMOUS,
        path={"link": "{{mediaLink}}"},
    ),
    Step(
        "uploadDocument",
        "Upload a document to delete",
        files={"file": PDF, "topicId": "{{topicId}}"},
        keep={"spareDocumentId": "result.id"},
    ),
    Step(
        "updateDocument",
        "Change the name of a document",
        MENTOR,
        {"name": "Worksheet for Monday"},
        path={"topicId": "{{topicId}}", "documentId": "{{spareDocumentId}}"},
    ),
    Step(
        "deleteDocument",
        "Delete a document",
        path={"topicId": "{{topicId}}", "documentId": "{{spareDocumentId}}"},
    ),
    Step(
        "restoreDocument",
        "Undo the deletion",
        MENTOR,
        path={"topicId": "{{topicId}}", "documentId": "{{spareDocumentId}}"},
        checks={"it has its name": "result.name === 'Worksheet for Monday'"},
    ),
]

VIDEOS = [
    Step(
        "uploadVideo",
        "Upload the video of a topic",
        MENTOR,
        files={"video": VIDEO},
        path={"topicId": "{{topicId}}"},
        status=(201,),
    ),
    Step(
        "uploadVideo",
        "Replace the video",
        MENTOR,
        files={"video": VIDEO},
        path={"topicId": "{{topicId}}"},
        status=(200,),
        checks={"the version grew": "result.version === 2"},
    ),
    Step("playVideo", "Play the video", MENTOR, path={"topicId": "{{topicId}}"}),
    Step(
        "playVideo",
        "Play from the middle",
        MENTOR,
        path={"topicId": "{{topicId}}"},
        headers={"Range": "bytes=500-"},
        status=(206,),
    ),
    Step(
        "createVideoLink",
        "Create a link for a player",
        MENTOR,
        path={"topicId": "{{topicId}}"},
    ),
    Step(
        "renameVideo",
        "Change the name of the video",
        MENTOR,
        {"fileName": "Addition.mp4"},
        path={"topicId": "{{topicId}}"},
    ),
    Step("deleteVideo", "Delete the video", MENTOR, path={"topicId": "{{topicId}}"}),
]

SEARCH = [
    Step(
        "search",
        "Search for a topic, as its mentor",
        MENTOR,
        query={"q": "addition", "type": "topic"},
        checks={"it is found": "result.some((hit) => hit.name === 'Addition')"},
    ),
]
