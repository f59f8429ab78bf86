"""The two clients."""

from __future__ import annotations

from types import TracebackType
from typing import Generic
from urllib.parse import urlsplit

from akako_lms._area import D
from akako_lms._drivers import AsyncToken, Awaiting, Blocking, Token
from akako_lms._session import Session, check_address
from akako_lms.analytics import Analytics
from akako_lms.audit import Audit
from akako_lms.auth import Auth
from akako_lms.curriculum import Curriculum
from akako_lms.education import Education
from akako_lms.enrollment import Enrollments
from akako_lms.files import Files
from akako_lms.integrations import Integrations
from akako_lms.mentors import Mentors
from akako_lms.notes import Notes
from akako_lms.notifications import Notifications
from akako_lms.plans import Plans
from akako_lms.progress import Progress
from akako_lms.users import Users
from akako_lms.videos import Videos
from akako_lms.webhooks import Webhooks


class _Areas(Generic[D]):
    def __init__(self, base_url: str, driver: D, *, renews: bool) -> None:
        session = Session(base_url, driver, renews=renews)
        self._driver = driver
        self._base_url = base_url
        self.auth = Auth[D](session, driver)
        self.users = Users[D](session, driver)
        self.education = Education[D](session, driver)
        self.curriculum = Curriculum[D](session, driver)
        self.files = Files[D](session, driver)
        self.videos = Videos[D](session, driver)
        self.enrollment = Enrollments[D](session, driver)
        self.mentors = Mentors[D](session, driver)
        self.notifications = Notifications[D](session, driver)
        self.plans = Plans[D](session, driver)
        self.progress = Progress[D](session, driver)
        self.notes = Notes[D](session, driver)
        self.audit = Audit[D](session, driver)
        self.webhooks = Webhooks[D](session, driver)
        self.analytics = Analytics[D](session, driver)
        self.integrations = Integrations[D](session, driver)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(base_url={self._base_url!r})"


class AkakoAPI(_Areas[Blocking]):
    """A client of the Akako LMS API. Use it as a context manager, or call `close()`.

    `base_url` ends in `/api`. `token` is a JWT, or a function that returns one that is still
    valid: it is asked before every request, and once more if the answer is 401. `allow_http`
    accepts an `http://` address of another machine, with a warning: only for a network that you
    trust, such as a school's own. A request fails after `timeout` seconds in which nothing is
    received (None: never), and after 5 seconds without a connection.
    """

    def __init__(
        self,
        base_url: str,
        token: Token = None,
        *,
        allow_http: bool = False,
        timeout: float | None = 30.0,
    ) -> None:
        address = check_address(base_url, allow_http=allow_http)
        driver = Blocking(token, trust_env=_may_use_proxies(address), timeout=timeout)
        super().__init__(address, driver, renews=callable(token))

    def close(self) -> None:
        self._driver.client.close()

    def __enter__(self) -> AkakoAPI:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


class AsyncAkakoAPI(_Areas[Awaiting]):
    """The same for asyncio: every method is awaited, every `iter_…` walked with `async for`.

    `token` may also be an async function.
    """

    def __init__(
        self,
        base_url: str,
        token: AsyncToken = None,
        *,
        allow_http: bool = False,
        timeout: float | None = 30.0,
    ) -> None:
        address = check_address(base_url, allow_http=allow_http)
        driver = Awaiting(token, trust_env=_may_use_proxies(address), timeout=timeout)
        super().__init__(address, driver, renews=callable(token))

    async def aclose(self) -> None:
        await self._driver.client.aclose()

    async def __aenter__(self) -> AsyncAkakoAPI:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.aclose()


def _may_use_proxies(address: str) -> bool:
    """A token in plain text stays on this machine: no proxy of the environment may see it."""
    return urlsplit(address).scheme == "https"
