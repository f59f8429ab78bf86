"""The rooms whose endpoints make the API, and its OpenAPI document."""

from __future__ import annotations

import msgspec

from akako.analytics import routes as analytics_routes
from akako.curriculum import routes as curriculum_routes
from akako.dispatch import openapi as events
from akako.documents import routes as documents_routes
from akako.education import admin_routes as education_admin_routes
from akako.education import routes as education_routes
from akako.enrollment import routes as enrollment_routes
from akako.export import routes as export_routes
from akako.identity import routes as identity_routes
from akako.integrations import routes as integrations_routes
from akako.kernel.http.endpoint import Endpoint, endpoints_of
from akako.kernel.openapi import document
from akako.learning import mentor_routes as taught_routes
from akako.learning import routes as learning_routes
from akako.library import routes as library_routes
from akako.medialinks import routes as medialinks_routes
from akako.mentors import routes as mentors_routes
from akako.notes import routes as notes_routes
from akako.notifications import routes as notification_routes
from akako.ops import history_routes
from akako.ops import routes as ops_routes
from akako.plans import routes as plans_routes
from akako.search import routes as search_routes
from akako.uploads import routes as uploads_routes
from akako.webhooks import routes as webhook_routes

ROOMS = (
    identity_routes,
    education_routes,
    education_admin_routes,
    curriculum_routes,
    library_routes,
    documents_routes,
    medialinks_routes,
    uploads_routes,
    enrollment_routes,
    mentors_routes,
    notification_routes,
    webhook_routes,
    search_routes,
    learning_routes,
    taught_routes,
    notes_routes,
    export_routes,
    integrations_routes,
    plans_routes,
    analytics_routes,
    ops_routes,
    history_routes,
)


def endpoints() -> list[Endpoint]:
    """Return all operations of the API."""
    return endpoints_of(*ROOMS)


def openapi() -> bytes:
    """Return the OpenAPI document, as it is served and committed."""
    described = document(endpoints(), types=events.TYPES, webhooks=events.webhooks)
    return msgspec.json.format(msgspec.json.encode(described), indent=2) + b"\n"
