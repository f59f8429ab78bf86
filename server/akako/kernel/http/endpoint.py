"""Declare endpoints: path, access, rate-limit bucket and types in one place."""

from __future__ import annotations

import inspect
import re
import typing
from collections.abc import Awaitable, Callable, Mapping
from types import ModuleType
from typing import Any, Protocol, TypedDict, Unpack

import msgspec

from akako.kernel.core.access import Access, PlanName
from akako.kernel.core.envelope import Created, Listed, Ok
from akako.kernel.core.errors import ApiError
from akako.kernel.db.listing import Request, Spec, reader
from akako.kernel.http.body import JSON_BYTES
from akako.kernel.http.context import Context
from akako.kernel.http.limits import GENERAL, Bucket
from akako.kernel.http.responses import Headers, Response

BodyLimit = int | Callable[[Context], int]
Handler = Callable[..., Awaitable[Ok[Any] | Created[Any] | Listed[Any] | Response]]

PREFIX = "/api"
JSON = "application/json"
FORM = "multipart/form-data"


class Tag(msgspec.Struct, frozen=True):
    """A group of operations in the OpenAPI document."""

    name: str
    description: str


class Also(msgspec.Struct, frozen=True):
    """A documented HEAD or OPTIONS operation on the path of an endpoint."""

    method: str
    name: str
    summary: str
    refusals: tuple[type[ApiError], ...] = ()
    asks: dict[str, dict[str, Any]] = {}  # headers of the request
    headers: dict[str, dict[str, Any]] = {}  # of the response to OPTIONS


class Endpoint(msgspec.Struct, kw_only=True):
    """An operation of the API: its access, limits, types, documentation and handler."""

    method: str
    path: str  # including the prefix; parameters in braces
    handler: Handler
    access: Access  # with the plans of the option `plan`
    bucket: Bucket = GENERAL
    metered: bool = True  # whether requests count against the monthly quota
    listing: Spec | None = None
    read_list: Callable[[bytes], Request] | None  # parses the query string of a list
    body: type[msgspec.Struct] | None
    body_optional: bool = False
    body_limit: BodyLimit = JSON_BYTES  # in bytes; a function where a setting limits the file
    media: str | None  # media type of the request body; None if there is none
    form: dict[str, Any] | None = None  # the JSON Schema of a form
    returns: Any
    kind: str  # ok, created, listed or raw
    tag: Tag | None = None  # None for hidden endpoints
    example: Any = None  # of the request body; None: made from the examples of its fields
    summary: str
    description: str
    errors: tuple[int, ...] = ()  # statuses that do not follow from other options
    query: type[msgspec.Struct] | None  # documented parameters outside of lists
    status: tuple[int, ...]  # of success
    path_params: tuple[str, ...]
    resource: str | None = None  # resource name of the `{…_id}` in the path
    refusals: tuple[type[ApiError], ...] = ()  # errors that do not follow from other options
    also: tuple[Also, ...] = ()  # further documented operations of this path
    # Request headers: description or OpenAPI parameter.
    headers: Mapping[str, str | dict[str, Any]] = {}
    success_headers: dict[str, dict[str, Any]] = {}  # documented headers of every success
    response_headers: Headers = []  # of every response, errors and preflights included
    exempt: bool = False  # without rate limit
    serves_over_limit: bool = False  # whether the handler may serve callers over the limit
    hidden: bool = False  # not documented
    csv: bool = False  # whether `format=csv` returns the list as a file
    # Whether the effect changes responses for callers without a token.
    changes_public: bool = False
    replays: bool  # whether the pipeline applies an Idempotency-Key

    @property
    def name(self) -> str:
        return self.handler.__name__

    @property
    def room(self) -> str:
        return self.handler.__module__.split(".")[1]

    @property
    def merges(self) -> bool:
        """Return whether the body is merged into the object and may repeat read-only fields."""
        return hasattr(self.body, "__read_only__")

    @property
    def writes(self) -> bool:
        return self.method != "GET"


class RequiredOptions(TypedDict):
    access: Access


class Options(RequiredOptions, total=False):
    """The options of a declaration; the fields of Endpoint explain them."""

    absolute: bool  # the path is without the prefix
    bucket: Bucket
    plan: tuple[PlanName, ...]  # plans that include the operation; any plan without this option
    metered: bool
    listing: Spec
    body_optional: bool
    body_limit: BodyLimit
    media: str
    form: dict[str, Any]
    returns: Any
    tag: Tag
    example: Any
    errors: tuple[int, ...]
    status: tuple[int, ...]
    resource: str
    refusals: tuple[type[ApiError], ...]
    also: tuple[Also, ...]
    headers: Mapping[str, str | dict[str, Any]]
    success_headers: dict[str, dict[str, Any]]
    response_headers: Headers
    exempt: bool
    serves_over_limit: bool
    hidden: bool
    csv: bool
    changes_public: bool
    replays: bool


def _parse_returns(annotation: Any) -> tuple[str, Any]:
    # A list can also be returned as a file.
    arms = [each for each in typing.get_args(annotation) if each is not Response]
    if typing.get_origin(annotation) is typing.Union and len(arms) == 1:
        (annotation,) = arms
    origin = typing.get_origin(annotation)
    kinds = {Ok: "ok", Created: "created", Listed: "listed"}
    if origin in kinds:
        return kinds[origin], typing.get_args(annotation)[0]
    return "raw", None


def _endpoint(method: str, path: str, handler: Handler, options: Options) -> Endpoint:
    hints = typing.get_type_hints(handler)
    parameters = inspect.signature(handler).parameters
    kind, returns = _parse_returns(hints["return"])
    body = hints.get("data")
    form = options.get("form")
    doc = inspect.getdoc(handler) or handler.__name__
    summary, _, description = doc.partition("\n\n")
    given: dict[str, Any] = {**options}
    given["access"] = msgspec.structs.replace(options["access"], plans=given.pop("plan", ()))
    defaults: dict[str, Any] = {
        "returns": returns,
        "media": FORM if form else JSON if body else None,
        "status": (201,) if kind == "created" else (200,),
        "replays": method != "GET" and "data" in parameters,
    }
    return Endpoint(
        method=method,
        path=path if given.pop("absolute", False) else PREFIX + path,
        handler=handler,
        read_list=reader(options["listing"]) if "listing" in options else None,
        body=body,
        kind=kind,
        summary=" ".join(summary.split()).rstrip("."),
        description=description.strip(),
        query=hints.get("query"),
        path_params=tuple(re.findall(r"{(\w+)}", path)),
        **{**defaults, **given},
    )


class Declare(Protocol):
    """Declares an endpoint of one method: `@get("/path", access=…)`."""

    def __call__(self, path: str, **options: Unpack[Options]) -> Callable[[Handler], Endpoint]: ...


def _declare(method: str) -> Declare:
    def declare(path: str, **options: Unpack[Options]) -> Callable[[Handler], Endpoint]:
        if unknown := options.keys() - Options.__annotations__.keys():
            raise TypeError(f"{method} {path}: unknown option {', '.join(sorted(unknown))}")
        if missing := Options.__required_keys__ - options.keys():
            raise TypeError(f"{method} {path}: missing option {', '.join(sorted(missing))}")

        def wrap(handler: Handler) -> Endpoint:
            return _endpoint(method, path, handler, options)

        return wrap

    return declare


get = _declare("GET")
post = _declare("POST")
put = _declare("PUT")
delete = _declare("DELETE")
patch = _declare("PATCH")


def endpoints_of(*rooms: ModuleType) -> list[Endpoint]:
    """Return the endpoints of these modules, in the order of their declaration.

    An endpoint without a tag of its own gets the `TAG` of its module.
    """
    found = []
    for room in rooms:
        for each in vars(room).values():
            if isinstance(each, Endpoint):
                each.tag = each.tag or getattr(room, "TAG", None)
                found.append(each)
    return found
