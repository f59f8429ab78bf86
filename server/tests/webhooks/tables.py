"""What the deletion of a user does with each table of the database."""

# The tables in which a deletion changes or deletes rows.
ERASED = {
    "audit_log",
    "enrollments",
    "idempotency_keys",
    "mentor_applications",
    "resumable_uploads",
    "user_roles",
    "users",
    "webhook_dead_letters",
}
# The tables that triggers of their own rooms erase.
ERASED_BY_ROOMS = {"activity_days", "notes", "notifications", "topic_progress", "web_sessions"}
# The tables that stay as they are, and why they may.
STAY = {
    "alembic_version": "holds a revision",
    "cleanup_queue": "holds random keys of objects",
    "documents": "material that a mentor published; the uploader is an internal id",
    "education_levels": "curriculum",
    "ended_sessions": "session ids, deleted after 25 hours",
    "grades": "curriculum",
    "organizations": "ids and plans of organisations",
    "outbox": "events hold internal ids only",
    "pending_objects": "random keys and internal ids; gone when the upload ends",
    "procrastinate_events": "states of jobs",
    "procrastinate_jobs": "arguments of jobs are ids",
    "procrastinate_periodic_defers": "times of periodic jobs",
    "procrastinate_workers": "heartbeats of workers",
    "subjects": "curriculum; the mentor is an internal id",
    "topics": "material that a mentor published",
    "usage_counters": "counts by internal id",
    "user_tombstones": "the Clerk id, so that late messages do not create the user again",
    "webhook_messages": "ids and types of messages, deleted after 90 days",
    "analytics_days": "counts per day",
    "analytics_medians": "counts per bucket",
    "analytics_open_days": "counts of the day so far",
    "analytics_state": "the progress of the roll-ups",
    "analytics_subjects": "counts per subject",
    "enrollment_moments": "ids and times of enrollments",
    "media_link_key": "a random key",
    "removed_videos": "ids and sizes of files",
    "topic_publications": "ids of topics",
    "usage_callers": "counts by internal id",
    "usage_days": "counts per day by internal id",
    "web_keys": "the key that signs tokens of the web app",
    "web_sign_ins": "random values of sign-ins, deleted after ten minutes",
    "webhook_deliveries": "internal ids and responses of receivers",
    "webhook_endpoints": "addresses of receivers; the creator is an internal id",
    "webhook_secrets": "encrypted secrets of receivers",
}
