"""The description of the whole, and its pages."""

import re
from typing import Any

from openapi_spec_validator import validate

from gateway.openapi import merged
from tests.gateway.house import House


def a_description(**schemas: Any) -> dict[str, Any]:
    shown = {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Bed"}}}}
    return {
        "openapi": "3.1.0",
        "info": {"title": "x", "version": "1"},
        "paths": {"/v1/beds": {"get": {"responses": {"200": {"description": "", **shown}}}}},
        "components": {"schemas": schemas},
        "x-problems": {"bed_taken": {"status": 409, "detail": "Another patient <has> it."}},
    }


async def test_the_whole_is_valid_and_has_every_part(house: House):
    house.services.answers["GET", "/openapi.json"] = a_description(Bed={"type": "object"})
    whole = (await house.client().get("/v1/openapi.json")).json()
    validate(whole)
    assert whole["openapi"] == "3.1.0"
    assert {"/v1/users", "/v1/sessions", "/v1/me", "/v1/beds"} <= whole["paths"].keys()
    assert not any(path.startswith("/health") for path in whole["paths"])
    listed = whole["paths"]["/v1/beds"]["get"]
    assert listed["tags"]
    assert {"401", "403", "404", "413", "415", "422", "429", "503"} <= listed["responses"].keys()
    assert whole["components"]["securitySchemes"]["bearer"]["scheme"] == "bearer"
    assert whole["paths"]["/v1/users"]["post"]["security"] == []
    assert "HTTPValidationError" not in str(whole)


def test_what_two_services_define_differently_is_kept_apart():
    one, two = a_description(Bed={"type": "object"}), a_description(Bed={"type": "string"})
    two["paths"] = {"/v1/cots": two["paths"]["/v1/beds"]}
    whole = merged({"beds": one, "audit": two}, "1")
    validate(whole)
    schemas = whole["components"]["schemas"]
    assert (schemas["Bed"], schemas["AuditBed"]) == ({"type": "object"}, {"type": "string"})
    content = whole["paths"]["/v1/cots"]["get"]["responses"]["200"]["content"]
    assert content["application/json"]["schema"]["$ref"] == "#/components/schemas/AuditBed"


async def test_a_service_that_is_away_leaves_the_rest(house: House):
    house.services.answers["GET", "/openapi.json"] = b"not json"
    whole = (await house.client().get("/v1/openapi.json")).json()
    validate(whole)
    assert "/v1/users" in whole["paths"]


async def test_pages_run_nothing_inline_and_load_nothing_from_elsewhere(house: House):
    client = house.client()
    assert (await client.get("/")).headers["location"] == "/docs"
    for path in ("/docs", "/docs/problems"):
        page = await client.get(path)
        policy = page.headers["content-security-policy"]
        assert "unsafe" not in policy
        assert "script-src 'self'" in policy
        assert not re.search(r"<script(?![^>]*\ssrc=)|<style|\son\w+=|\sstyle=|https?:|//", page.text)
        for asset in re.findall(r'(?:src|href)="(/[^"]+)"', page.text):
            assert (await client.get(asset)).status_code == 200, asset


async def test_every_problem_code_has_a_place(house: House):
    house.services.answers["GET", "/openapi.json"] = a_description()
    page = (await house.client().get("/docs/problems")).text
    for code in ("bed_taken", "sign_in_refused", "username_taken", "too_many_requests", "not_found"):
        assert f'<dt id="{code}">' in page
    assert "Another patient &lt;has&gt; it." in page
