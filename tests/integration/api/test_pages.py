"""The files for browsers: the dashboard below /ui/, the API's documentation at /docs."""

import gzip
import re

import pytest

POLICY = ("default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
          "connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'")


@pytest.fixture(scope="module")
def pages(aggregator):
    if aggregator.get("/ui/").status == 404:
        pytest.skip("needs: Node and npm when the program was built")
    return aggregator


def index_of(pages):
    return pages.get("/ui/").body.decode()


def script_of(pages):
    return "/ui/" + re.search(r'src="(assets/app-[0-9A-Za-z]{8,}\.js)"', index_of(pages))[1]


def test_a_browser_at_the_root_is_led_to_the_dashboard(aggregator):
    answer = aggregator.get("/", headers={"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"})
    assert answer.status == 302 and answer.headers["location"] == "/ui/"
    for accept in ("*/*", "application/json"):
        answer = aggregator.get("/", headers={"Accept": accept})
        assert answer.status == 200 and answer.json["service"] == "Process Monitor API"


def test_the_page_is_asked_for_each_time_and_its_scripts_never_again(pages):
    page = pages.get("/ui/")
    assert page.status == 200 and page.headers["content-type"] == "text/html; charset=utf-8"
    assert page.headers["cache-control"] == "no-cache"
    script = pages.get(script_of(pages))
    assert script.status == 200
    assert script.headers["content-type"] == "text/javascript; charset=utf-8"
    assert "immutable" in script.headers["cache-control"]


def test_the_policy_of_the_dashboard_lets_nothing_foreign_in(pages):
    for path in ("/ui/", script_of(pages)):
        headers = pages.get(path).headers
        assert headers["content-security-policy"] == \
            POLICY + "; require-trusted-types-for 'script'"
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["cross-origin-opener-policy"] == "same-origin"
        assert headers["cross-origin-resource-policy"] == "same-origin"


def test_files_are_sent_as_they_were_packed_or_inflated_for_those_who_want_that(pages):
    path = script_of(pages)
    packed = pages.get(path, headers={"Accept-Encoding": "gzip"})
    plain = pages.get(path)
    assert packed.headers["content-encoding"] == "gzip"
    assert plain.headers.get("content-encoding", "identity") == "identity"
    assert gzip.decompress(packed.body) == plain.body and len(packed.body) < len(plain.body)
    assert packed.headers["etag"] != plain.headers["etag"]  # strong: other bytes, other tag
    assert packed.headers["vary"] == plain.headers["vary"] == "Accept-Encoding"


def test_a_known_etag_is_answered_304(pages):
    for headers in ({}, {"Accept-Encoding": "gzip"}):
        tag = pages.get("/ui/", headers=headers).headers["etag"]
        assert re.fullmatch(r'"[^"]+"', tag)
        for known in (tag, f'"other", {tag}', f"W/{tag}", "*"):
            again = pages.get("/ui/", headers={**headers, "If-None-Match": known})
            assert again.status == 304 and again.body == b""
            assert again.headers["etag"] == tag
        assert pages.get("/ui/", headers={**headers, "If-None-Match": '"other"'}).status == 200


def test_head_tells_of_a_file_without_sending_it(pages):
    get = pages.get(script_of(pages))
    head = pages.request("HEAD", script_of(pages))
    assert head.status == 200 and head.body == b""
    for name in ("etag", "content-type", "content-length", "cache-control"):
        assert head.headers[name] == get.headers[name]


@pytest.mark.parametrize("path", ["/ui/nothing.js", "/ui/assets/", "/ui/assets", "/ui/.git",
                                  "/ui/assets/app-00000000.js", "/docs/package.json",
                                  "/docs/nothing", "/ui/index.html.packed"])
def test_unknown_files_are_404(pages, path):
    answer = pages.get(path)
    assert answer.status == 404 and answer.json["code"] == "not_found"


def test_many_ranges_are_refused_and_one_is_answered_with_the_whole(pages):
    path = script_of(pages)
    many = pages.get(path, headers={"Range": "bytes=" + ",".join(["0-99999"] * 1000)})
    assert many.status == 416 and many.json["code"] == "range_not_satisfiable"
    assert pages.get(path, headers={"Range": "bytes=0-9"}).status == 200


def test_links_to_places_in_the_dashboard_are_led_there(pages):
    assert pages.get("/ui").headers["location"] == "/ui/"
    answer = pages.get("/ui/hosts/web-01?range=1h")
    assert answer.status == 302 and answer.headers["location"] == "/ui/#/hosts/web-01?range=1h"


def test_documentation_is_local_and_counts_nobody(pages):
    page = pages.get("/docs")
    assert page.status == 200 and page.headers["content-security-policy"] == POLICY
    for name in re.findall(r'(?:src|href)="([^"]+)"', page.body.decode()):
        assert name == "data:," or pages.get("/" + name).status == 200
        assert "//" not in name
    assert b"scarf.sh" not in pages.get("/docs/swagger-ui-bundle.js").body
    assert pages.get("/docs/").headers["location"] == "/docs"
    redoc = pages.get("/redoc")
    assert redoc.status == 307 and redoc.headers["location"] == "/docs"


def test_the_description_of_the_api_is_served(aggregator):
    answer = aggregator.get("/openapi.json")
    assert answer.status == 200 and answer.headers["content-type"] == "application/json"
    assert answer.json["openapi"] == "3.1.0"


def test_a_folder_takes_the_place_of_the_files_in_the_program(fresh, tmp_path):
    (tmp_path / "outside.txt").write_text("secret")
    root = tmp_path / "root"
    root.mkdir()
    (root / "index.html").write_text("<p>mine</p>")
    (root / ".hidden.txt").write_text("secret")
    (root / "link.txt").symlink_to(tmp_path / "outside.txt")
    fresh.stop()
    fresh.environment["CHORUS_WEB_ROOT"] = str(root)
    fresh.start()
    assert fresh.get("/ui/").body == b"<p>mine</p>"
    for path in ("/ui/.hidden.txt", "/ui/link.txt", "/ui/outside.txt", "/ui//index.html"):
        assert fresh.get(path).status == 404
    assert fresh.get("/ui/../outside.txt").status == 400
