"""Every operation of the API has a method."""

from __future__ import annotations

import json
import subprocess
import sys

from akako_lms import AkakoAPI

METHODS = {
    "syncUser": "auth.sync",
    "getProfile": "auth.get_profile",
    "updateProfile": "auth.update_profile",
    "exportMyData": "auth.export_my_data",
    "updateProgress": "progress.update",
    "getProgress": "progress.get",
    "updateProgressBatch": "progress.update_many",
    "listMyProgress": "progress.get_subjects",
    "getMySubjectProgress": "progress.get_subject",
    "listTaughtSubjects": "progress.get_taught_subjects",
    "listSubjectLearners": "progress.get_learners",
    "getNote": "notes.get",
    "putNote": "notes.put",
    "deleteNote": "notes.delete",
    "listMyNotes": "notes.get_notes",
    "listSharedNotes": "notes.get_shared_notes",
    "replyToNote": "notes.reply",
    "deleteReply": "notes.delete_reply",
    "getQuota": "plans.get_quota",
    "setOrganizationPlan": "plans.set_organization_plan",
    "listUsers": "users.get_users",
    "getUser": "users.get_user",
    "updateUser": "users.update_user",
    "assignRole": "users.assign_role",
    "removeRole": "users.remove_role",
    "listAuditEntries": "audit.get_entries",
    "listLevels": "education.get_levels",
    "listGrades": "education.get_grades",
    "listSubjects": "education.get_subjects",
    "listTopics": "education.get_topics",
    "getTopic": "education.get_topic",
    "createLevel": "education.create_level",
    "updateLevel": "education.update_level",
    "deleteLevel": "education.delete_level",
    "createGrade": "education.create_grade",
    "updateGrade": "education.update_grade",
    "deleteGrade": "education.delete_grade",
    "createSubject": "education.create_subject",
    "updateSubject": "education.update_subject",
    "deleteSubject": "education.delete_subject",
    "createTopic": "education.create_topic",
    "updateTopic": "education.update_topic",
    "deleteTopic": "education.delete_topic",
    "uploadDocument": "files.upload_document",
    "listDocuments": "files.get_documents",
    "streamDocument": "files.download_document",
    "createDocumentLink": "files.create_document_link",
    "createVideoLink": "videos.create_video_link",
    "deleteDocument": "files.delete_document",
    "updateDocument": "files.update_document",
    "restoreDocument": "files.restore_document",
    "renameVideo": "videos.rename_video",
    "beginUpload": "files.upload_resumable",
    "locateUpload": "files.upload_resumable",
    "appendToUpload": "files.upload_resumable",
    "readUpload": "files.upload_resumable",
    "cancelUpload": "files.cancel_upload",
    "uploadVideo": "videos.upload_video",
    "playVideo": "videos.download_video",
    "deleteVideo": "videos.delete_video",
    "requestEnrollment": "enrollment.request_enrollment",
    "listMyEnrollments": "enrollment.get_my_enrollments",
    "cancelEnrollment": "enrollment.cancel_enrollment",
    "listPendingEnrollments": "enrollment.get_pending_enrollments",
    "listEnrollments": "enrollment.get_enrollments",
    "approveEnrollment": "enrollment.approve_enrollment",
    "rejectEnrollment": "enrollment.reject_enrollment",
    "decideEnrollments": "enrollment.decide_enrollments",
    "reopenEnrollment": "enrollment.reopen_enrollment",
    "applyAsMentor": "mentors.apply",
    "listMyApplications": "mentors.get_my_applications",
    "listPendingApplications": "mentors.get_pending_applications",
    "listApplications": "mentors.get_applications",
    "decideApplications": "mentors.decide_applications",
    "reopenApplication": "mentors.reopen_application",
    "approveApplication": "mentors.approve_application",
    "rejectApplication": "mentors.reject_application",
    "listNotifications": "notifications.get_notifications",
    "countUnreadNotifications": "notifications.get_unread_count",
    "readNotification": "notifications.mark_read",
    "readAllNotifications": "notifications.mark_all_read",
    "receiveClerkWebhook": "webhooks.send_clerk_event",
    "getOverview": "analytics.get_overview",
    "getEnrollmentFigures": "analytics.get_enrollments",
    "getActiveLearners": "analytics.get_active_learners",
    "listCompletion": "analytics.get_completion",
    "getStorageFigures": "analytics.get_storage",
    "getApiUsage": "analytics.get_api_usage",
    "getLevel": "education.get_level",
    "getGrade": "education.get_grade",
    "getSubject": "education.get_subject",
    "search": "curriculum.search",
    "orderTopics": "curriculum.order_topics",
    "listDeleted": "curriculum.get_deleted",
    "restoreLevel": "curriculum.restore_level",
    "restoreGrade": "curriculum.restore_grade",
    "restoreSubject": "curriculum.restore_subject",
    "restoreTopic": "curriculum.restore_topic",
    "listEventTypes": "integrations.get_event_types",
    "listWebhookEndpoints": "integrations.get_webhooks",
    "createWebhookEndpoint": "integrations.create_webhook",
    "getWebhookEndpoint": "integrations.get_webhook",
    "updateWebhookEndpoint": "integrations.update_webhook",
    "deleteWebhookEndpoint": "integrations.delete_webhook",
    "rotateWebhookSecret": "integrations.rotate_secret",
    "pingWebhookEndpoint": "integrations.ping",
    "listWebhookDeliveries": "integrations.get_deliveries",
    "getWebhookDelivery": "integrations.get_delivery",
    "replayWebhookDelivery": "integrations.replay_delivery",
    "replayFailedWebhookDeliveries": "integrations.replay_failed",
}
# For operators, for clients of tus that meet any server, and for players that open a link.
OPERATORS = {"live", "ready", "discoverUploads", "openMediaLink"}
# Lists without pages.
WHOLE = {"listEventTypes"}


def operations() -> set[str]:
    command = [sys.executable, "-m", "akako.cli", "openapi"]
    printed = subprocess.run(command, capture_output=True, check=True).stdout
    return {
        operation["operationId"]
        for path in json.loads(printed)["paths"].values()
        for operation in path.values()
    }


def test_every_operation_has_a_method() -> None:
    assert operations() - OPERATORS == METHODS.keys()


def test_every_method_is_there_and_says_what_it_does() -> None:
    with AkakoAPI("http://127.0.0.1:1/api") as client:
        for name in METHODS.values():
            area, method = name.split(".")
            assert getattr(getattr(client, area), method).__doc__


def test_every_list_has_an_iterator() -> None:
    with AkakoAPI("http://127.0.0.1:1/api") as client:
        for operation, name in METHODS.items():
            area, method = name.split(".")
            if operation.startswith("list") and operation not in WHOLE:
                assert callable(getattr(getattr(client, area), method.replace("get_", "iter_", 1)))
