"""The shipped files are well formed and name settings and addresses that exist."""

from __future__ import annotations

import configparser
import re
from ipaddress import ip_address, ip_network
from typing import Any

import yaml

from akako.settings import Settings, load, variable
from tests.house.project import ROOT

DEPLOY = ROOT / "deploy"
SETTING = re.compile(r"^(#?)(AKAKO_\w+)=(.*)$", re.MULTILINE)
TRUSTED = re.compile(r"AKAKO_TRUSTED_PROXIES\"?[=:]\s*\"?([0-9a-fA-F.:/,]+)")
NAMES = {variable(field) for field in Settings.__struct_fields__}


def text_of(name: str) -> str:
    return (DEPLOY / name).read_text(encoding="utf-8")


def test_the_environment_template_has_every_setting_once() -> None:
    named = [name for _, name, _ in SETTING.findall(text_of("akako.env.example"))]
    assert sorted(named) == sorted(NAMES)


def test_what_the_template_sets_is_a_production_server() -> None:
    given = {
        name: value for off, name, value in SETTING.findall(text_of("akako.env.example")) if not off
    }
    given["AKAKO_CLERK_WEBHOOK_SECRETS"] = "whsec_c2VjcmV0LXNlY3JldC1zZWNyZXQ="
    settings = load(given)
    assert settings.production
    assert settings.clerk_issuer == "https://clerk.example.com"


def test_the_defaults_in_the_template_are_the_defaults() -> None:
    shown = {
        name: value for off, name, value in SETTING.findall(text_of("akako.env.example")) if off
    }
    for field in ("rate_limit_general", "rate_limit_auth", "max_video_bytes", "client_connections"):
        assert getattr(load({variable(field): shown[variable(field)]}), field) == getattr(
            load({}), field
        )


def test_the_unit_gives_the_server_no_more_than_it_needs() -> None:
    unit = configparser.ConfigParser(strict=False, interpolation=None)
    unit.optionxform = str  # type: ignore[assignment, method-assign]
    unit.read_string(text_of("akako.service"))
    service = unit["Service"]
    assert service["User"] == "akako"
    assert "serve" in service["ExecStart"]
    for name in ("NoNewPrivileges", "PrivateTmp", "PrivateDevices", "ProtectHome"):
        assert service[name] == "yes"
    assert service["ProtectSystem"] == "strict"
    assert service["CapabilityBoundingSet"] == ""
    # Active requests get 30 seconds to finish.
    assert int(service["TimeoutStopSec"]) > 30


def test_the_composition_names_settings_that_exist() -> None:
    compose: dict[str, Any] = yaml.safe_load(text_of("compose.yaml"))
    services = compose["services"]
    api = services["api1"]
    assert set(api["environment"]) <= NAMES
    assert api["read_only"] is True
    assert services["migrate"]["command"] == ["migrate"]
    for service in services.values():
        named = {each.partition(":")[0] for each in service.get("volumes", [])}
        assert {each for each in named if each.isalpha()} <= set(compose["volumes"])
        assert set(service.get("depends_on", [])) <= set(services)


def test_the_composition_trusts_nginx_and_nothing_else() -> None:
    """No other container, and no client whose address reaches the servers, chooses its address."""
    compose: dict[str, Any] = yaml.safe_load(text_of("compose.yaml"))
    nginx = compose["services"]["nginx"]["networks"]
    ((network, given),) = nginx.items()
    address = ip_address(given["ipv4_address"])
    (pool,) = compose["networks"][network]["ipam"]["config"]
    assert address in ip_network(pool["subnet"])
    assert address not in ip_network(pool["ip_range"])  # where Docker takes other addresses from
    for service in (compose["services"]["api1"], compose["services"]["api2"]):
        assert service["environment"]["AKAKO_TRUSTED_PROXIES"] == f"{address}/32"
        assert network in service["networks"]
    others = {"postgres", "valkey", "s3", "migrate"}
    assert not any(network in compose["services"][each].get("networks", []) for each in others)


def test_no_example_trusts_more_than_single_machines() -> None:
    pages = [*DEPLOY.rglob("*"), *(ROOT / "docs").rglob("*.md"), ROOT / "README.md"]
    found = [
        (path.name, network)
        for path in pages
        if path.is_file()
        for value in TRUSTED.findall(path.read_text(encoding="utf-8"))
        for network in value.split(",")
    ]
    assert len(found) >= 4
    wide = [each for each in found if ip_network(each[1]).num_addresses != 1]
    assert wide == []


def test_the_image_runs_without_root() -> None:
    lines = text_of("Dockerfile").splitlines()
    assert "USER akako" in lines
    assert lines.index("USER akako") < lines.index('ENTRYPOINT ["/opt/akako/.venv/bin/akako"]')
    copied = re.findall(r"^COPY (?!--from)(.+) \S+$", text_of("Dockerfile"), re.MULTILINE)
    for path in " ".join(copied).split():
        assert (ROOT / path).exists(), path


def test_nginx_streams_and_keeps_the_callers_address() -> None:
    conf = text_of("nginx.conf")
    assert conf.count("{") == conf.count("}")
    directives = [line.partition("#")[0].strip() for line in conf.splitlines()]
    for directive in (
        "proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;",
        "proxy_request_buffering off;",
        "proxy_buffering off;",
        "location = /metrics { return 404; }",
    ):
        assert directive in directives
    most = re.search(r"client_max_body_size (\d+)m;", conf)
    assert most
    assert int(most[1]) * 1024 * 1024 > load({}).max_video_bytes
    statements = [each for each in directives if each and not each.endswith(("{", "}"))]
    assert [each for each in statements if not each.endswith(";")] == []
