"""Figures about the school."""

from __future__ import annotations

from story.step import Step

ANALYTICS = [
    Step("getOverview", "Get the figures of the start page"),
    Step("getEnrollmentFigures", "Get figures about enrollments"),
    Step("getActiveLearners", "Get the numbers of active learners"),
    Step("listCompletion", "List the completion of subjects"),
    Step("getStorageFigures", "Get the size of stored files"),
    Step("getApiUsage", "Get the usage of this month"),
]
