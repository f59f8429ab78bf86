"""The development issuer and directory: one key per data folder, shared by every process."""

import stat
import sys
from asyncio import create_subprocess_exec, gather
from asyncio.subprocess import PIPE
from pathlib import Path

import jwt
import pytest

from akako.backends.dev_directory import DevDirectory
from akako.backends.tokens.dev_issuer import ISSUER, KEY_FILE, DevIssuer
from akako.dev.fake_clerk import new_key, sign_token
from akako.kernel.core.errors import Unauthorized
from akako.kernel.core.ports import Directory, TokenVerifier


def pass_as_ports(verifier: TokenVerifier, directory: Directory) -> tuple[TokenVerifier, Directory]:
    return verifier, directory


async def test_its_own_tokens_verify(tmp_path: Path) -> None:
    issuer = DevIssuer.open(tmp_path)
    verifier, _ = pass_as_ports(issuer.verifier(), DevDirectory(tmp_path))
    claims = await verifier.verify(issuer.mint("user_mentor"))
    assert claims.subject == "user_mentor"
    assert claims.session_id
    assert claims.session_id.startswith("sess_")
    assert claims.authorized_party == ISSUER


def test_tokens_have_the_shape_of_clerks(tmp_path: Path) -> None:
    token = DevIssuer.open(tmp_path, clock=lambda: 1_800_000_000.5).mint("user_admin", 60)
    payload = jwt.decode(token, options={"verify_signature": False})
    assert set(payload) == {
        *("azp", "exp", "fva", "iat", "iss", "jti", "nbf", "sid", "sub"),
        "v",
    }
    assert payload["exp"] - payload["iat"] == 60
    assert payload["iat"] - payload["nbf"] == 10
    header = jwt.get_unverified_header(token)
    assert header["alg"] == "RS256"
    assert header["typ"] == "JWT"


async def test_extra_claims_are_added(tmp_path: Path) -> None:
    issuer = DevIssuer.open(tmp_path)
    token = issuer.mint("user_123", o={"id": "org_1"}, act={"sub": "user_admin"})
    claims = await issuer.verifier().verify(token)
    assert claims.organization_id == "org_1"
    assert claims.impersonator == "user_admin"


async def test_a_token_expires_and_may_not_last_longer_than_a_day(tmp_path: Path) -> None:
    issuer = DevIssuer.open(tmp_path)
    with pytest.raises(Unauthorized) as refused:
        await issuer.verifier().verify(issuer.mint("user_123", -10))
    assert refused.value.details == {"reason": "expired"}
    claims = await issuer.verifier().verify(issuer.mint("user_123", 24 * 3600))
    assert claims.subject == "user_123"
    with pytest.raises(ValueError):
        issuer.mint("user_123", 24 * 3600 + 1)


async def test_the_key_lasts_and_belongs_to_its_owner_and_folder(tmp_path: Path) -> None:
    token = DevIssuer.open(tmp_path).mint("user_123")
    claims = await DevIssuer.open(tmp_path).verifier().verify(token)
    assert claims.subject == "user_123"
    assert stat.S_IMODE((tmp_path / KEY_FILE).stat().st_mode) == 0o600
    other = tmp_path / "other"
    other.mkdir()
    with pytest.raises(Unauthorized):
        await DevIssuer.open(other).verifier().verify(token)


async def test_a_key_of_ones_own_does_not_pass(tmp_path: Path) -> None:
    issuer = DevIssuer.open(tmp_path)
    header, payload, _ = issuer.mint("user_admin").split(".")
    decode = jwt.utils.base64url_decode
    forged = sign_token(decode(header), decode(payload), new_key())
    with pytest.raises(Unauthorized):
        await issuer.verifier().verify(forged)


@pytest.mark.parametrize("content", [b"", b"not a key", b"\x00" * 100])
def test_a_spoilt_key_file_is_said_to_be_one(tmp_path: Path, content: bytes) -> None:
    (tmp_path / KEY_FILE).write_bytes(content)
    with pytest.raises(ValueError):
        DevIssuer.open(tmp_path)


OPEN_AND_MINT = (
    "import sys; from pathlib import Path; from akako.backends.tokens.dev_issuer import DevIssuer;"
    "sys.stdout.write(DevIssuer.open(Path(sys.argv[1])).mint('user_123'))"
)


async def test_processes_that_start_together_share_one_key(tmp_path: Path) -> None:
    async def mint_elsewhere() -> str:
        process = await create_subprocess_exec(
            *(sys.executable, "-c", OPEN_AND_MINT, str(tmp_path)),
            stdout=PIPE,
            env={"PYTHONPATH": str(Path(__file__).parents[2])},
        )
        output, _ = await process.communicate()
        assert process.returncode == 0
        return output.decode()

    tokens = await gather(*(mint_elsewhere() for _ in range(4)))
    verifier = DevIssuer.open(tmp_path).verifier()
    for token in tokens:
        assert (await verifier.verify(token)).subject == "user_123"
    assert [path.name for path in tmp_path.iterdir()] == [KEY_FILE]


async def test_the_directory_knows_one_person_for_each_role(tmp_path: Path) -> None:
    directory = DevDirectory(tmp_path)
    addresses = {user.id: user.primary_email async for user in directory.list_users()}
    assert addresses == {
        "user_admin": "admin@example.com",
        "user_mentor": "mentor@example.com",
        "user_123": "test@example.com",
    }
    learner = await directory.get_user("user_123")
    assert learner is not None
    assert learner.emails == ("test@example.com",)
    assert learner.first_name
    assert learner.last_name
    assert await directory.get_user("user_unknown") is None
    await directory.close()
