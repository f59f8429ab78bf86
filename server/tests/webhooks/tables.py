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
}
