"""The requests of the Postman collection: one school from its first level to its end."""

from story import analytics, curriculum, integrations, learning, people, requests, uploads
from story.step import Step

FOLDERS: dict[str, list[Step]] = {
    "Authentication": people.AUTHENTICATION,
    "User Management": people.USERS,
    "Education System": curriculum.EDUCATION,
    "File Management": [*curriculum.FILES, *uploads.RESUMABLE],
    "Video Management": curriculum.VIDEOS,
    "Enrollment System": requests.ENROLLMENT,
    "Mentor Applications": requests.MENTORS,
    "Notifications": requests.NOTIFICATIONS,
    "Webhooks": requests.WEBHOOKS,
    "Search": curriculum.SEARCH,
    "Progress": learning.PROGRESS,
    "Mentor Subjects": learning.SUBJECTS,
    "Notes": learning.NOTES,
    "Integrations": integrations.INTEGRATIONS,
    "Plans": requests.PLANS,
    "Analytics": analytics.ANALYTICS,
    "Operations": requests.OPERATIONS,
    "Afterwards": requests.AFTERWARDS,
}
