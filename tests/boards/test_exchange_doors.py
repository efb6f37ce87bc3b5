"""Files in and out over HTTP: who may, what is answered, what is never lost. mallory is in it."""

import base64
import io
import json
import zipfile
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import AsyncClient, Client
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from boards.api import exchange as door
from boards.elements import store, tombstones
from boards.errors import SceneMissing
from boards.exchange import document, document_files, exporting, importing, scene_in_image
from boards.files import board_files
from boards.models import Board, BoardFile, Placement
from generation.images import header, storage
from generation.models import GeneratedImage, Job, JobStatus
from tests.factories import body, element, png

pytestmark = pytest.mark.django_db(transaction=True)
API = "/api/v1"


def signed_in(user: Any) -> Client:
    client = Client()
    client.force_login(user)
    return client


def scene(*elements: Any, **files: bytes) -> bytes:
    entries = {
        name: {
            "id": name,
            "mimeType": "image/png",
            "dataURL": "data:image/png;base64," + base64.b64encode(data).decode(),
        }
        for name, data in files.items()
    }
    return json.dumps({"type": "excalidraw", "elements": elements, "files": entries}).encode()


def bring(user: Any, board: Board, data: bytes, query: str = "", name: str = "x.excalidraw") -> Any:
    upload = SimpleUploadedFile(name, data, "application/octet-stream")
    return signed_in(user).post(f"{API}/boards/{board.pk}/import{query}", {"file": upload})


def there(board: Board) -> dict[str, dict[str, Any]]:
    """Live elements by id, in drawing order."""
    bodies = map(json.loads, exporting.contents(board).elements)
    return {each["id"]: each for each in bodies}


def picture(name: str, file_id: str) -> dict[str, Any]:
    return body(name, type="image", fileId=file_id, status="saved", scale=[1, 1])


def test_who_may_bring_and_who_may_take(board, alice, bob, carol, mallory):
    assert bring(bob, board, scene(body("a"))).json()["added"] == 1
    assert bring(carol, board, scene(body("b"))).status_code == 403
    assert bring(mallory, board, scene(body("c"))).status_code == 404
    for path in ("scene", "export.zip"):
        assert signed_in(carol).get(f"{API}/boards/{board.pk}/{path}").status_code == 200
        assert signed_in(mallory).get(f"{API}/boards/{board.pk}/{path}").status_code == 404
        assert Client().get(f"{API}/boards/{board.pk}/{path}").status_code == 401
    Board.objects.filter(pk=board.pk).update(frozen=True)
    assert bring(bob, board, scene(body("d"))).json()["code"] == "frozen"
    assert list(there(board)) == ["a"]


def test_the_same_file_again_changes_nothing(board, bob):
    data = scene(body("a"), body("b"), picture("i", "f"), f=png())
    first, again = bring(bob, board, data).json(), bring(bob, board, data).json()
    assert (first["added"], first["unchanged"]) == (3, 0)
    assert (again["added"], again["updated"], again["unchanged"]) == (0, 0, 3)
    assert again["clock"] == first["clock"] and BoardFile.objects.count() == 1


def test_the_same_file_again_changes_nothing_however_high_its_versions(board, bob):
    shapes = [body(name, version=2**52 + number, index="a1") for number, name in enumerate("ab")]
    first, again = (bring(bob, board, scene(*shapes)).json() for _ in range(2))
    assert first["added"] == 2 and max(each["version"] for each in there(board).values()) == 1
    assert (again["updated"], again["unchanged"], again["clock"]) == (0, 2, first["clock"])
    moved = bring(bob, board, scene(shapes[0] | {"x": 77}, shapes[1])).json()
    assert (moved["updated_ids"], moved["unchanged"]) == (["a"], 1) and there(board)["a"]["x"] == 77
    store.apply(board.pk, [element(name, version=9, isDeleted=True) for name in "ab"])
    left = bring(bob, board, scene(*shapes), "?deleted=leave").json()
    assert (left["deleted"], left["unchanged"]) == (2, 0) and not there(board)
    assert bring(bob, board, scene(*shapes)).json()["revived"] == 2


def test_merging_takes_the_newer_of_two(board, bob):
    store.apply(board.pk, [element("a", version=5, x=1), element("b", version=1, x=1)])
    result = bring(bob, board, scene(body("a", version=4, x=2), body("b", version=2, x=2))).json()
    assert (result["updated_ids"], result["unchanged"]) == (["b"], 1)
    assert {name: each["x"] for name, each in there(board).items()} == {"a": 1, "b": 2}


def test_a_tombstone_of_what_nobody_knew_is_not_added(board, bob):
    result = bring(bob, board, scene(body("a", isDeleted=True), body("b"))).json()
    assert (result["added"], result["unchanged"]) == (1, 0)
    assert not board.elements.filter(element_id="a").exists()


def test_a_copy_has_new_ids_and_stands_beside(board, bob):
    drawn = [
        body("frame", type="frame", x=0, y=0, width=200, height=100, name="F"),
        body(
            "box",
            x=10,
            y=10,
            frameId="frame",
            boundElements=[{"id": "label", "type": "text"}],
            groupIds=["g"],
        ),
        body("label", type="text", text="hi", containerId="box", frameId="frame", groupIds=["g"]),
    ]
    data = scene(*drawn)
    bring(bob, board, data)
    result = bring(bob, board, data, "?as=copy").json()
    elements = there(board)
    assert result["added"] == 3 and result["updated"] == 0 and len(elements) == 6
    frame, box, label = (elements[name] for name in result["added_ids"])
    assert not {"frame", "box", "label"} & set(result["added_ids"])
    assert box["frameId"] == label["frameId"] == frame["id"]
    assert box["boundElements"] == [{"id": label["id"], "type": "text"}] and label["containerId"] == box["id"]
    assert box["groupIds"] == label["groupIds"] != ["g"]
    assert frame["x"] >= 200 and box["x"] - frame["x"] == 10
    assert bring(bob, board, data, "?as=other").status_code == 422


def test_new_elements_keep_the_order_of_the_file_and_come_on_top(board, bob):
    store.apply(board.pk, [element("old", index="a5")])
    result = bring(bob, board, scene(*(body(name, index="a5") for name in "zyx"))).json()
    assert result["added"] == 3 and list(there(board)) == ["old", "z", "y", "x"]
    assert {each["version"] for each in there(board).values()} == {1}, (
        "a place that is given is no new version"
    )


def test_a_whole_full_board_is_placed_in_one_go(board, bob):
    store.apply(board.pk, [element(index="a0")])
    data = scene(*(body(f"e{number}", index=None) for number in range(5_000)))
    assert bring(bob, board, data).json()["added"] == 5_000
    assert list(there(board))[1:] == [f"e{number}" for number in range(5_000)]


def test_two_elements_of_one_id_both_stay(board, bob):
    assert bring(bob, board, scene(body("a", x=1), body("a", x=2))).json()["added"] == 2
    assert sorted(each["x"] for each in there(board).values()) == [1, 2]


def test_a_picture_whose_name_is_taken_by_another_is_kept_under_its_own(board, bob):
    bring(bob, board, scene(picture("one", "f"), f=png(color="red")))
    bring(bob, board, scene(picture("two", "f"), f=png(color="blue")))
    shown = {name: each["fileId"] for name, each in there(board).items()}
    assert shown["one"] == "f" != shown["two"]
    files = {file.file_id: file.sha256 for file in BoardFile.objects.filter(board=board)}
    assert len(files) == 2 and files[shown["two"]] == shown["two"]


def test_a_picture_whose_name_is_none_goes_by_its_content(board, bob):
    bring(bob, board, scene(picture("one", "no/name"), **{"no/name": png()}))
    assert there(board)["one"]["fileId"] == BoardFile.objects.get(board=board).file_id


def test_what_is_refused_is_named_and_the_rest_comes(board, bob):
    bad = [body("x", x="left"), body("frame", type="iframe"), 5, {"type": "rectangle"}]
    data = scene(body("good"), *bad, picture("i", "f"), f=b"no picture")
    result = bring(bob, board, data).json()
    assert set(there(board)) > {"good", "i"}
    assert [each["id"] for each in result["refused"]] == ["f", "x", "frame", ""]
    assert {each["code"] for each in result["refused"]} == {"bad_file", "bad_element"}


def test_one_document_may_not_cost_without_end(board, bob, monkeypatch):
    monkeypatch.setattr(document_files, "PIXELS_MAX", 10_000)
    files = {f"f{number}": png(80, 80, color) for number, color in enumerate(("red", "blue"))}
    result = bring(bob, board, scene(body("a"), **files)).json()
    assert [each["id"] for each in result["refused"]] == ["f1"] and result["added"] == 1
    monkeypatch.setattr(document, "UPLOAD_MAX_BYTES", 100)
    assert bring(bob, board, scene(body("b"))).json()["code"] == "too_big"
    monkeypatch.setattr(store, "LIVE_ELEMENTS_MAX", 2)
    monkeypatch.setattr(document, "UPLOAD_MAX_BYTES", 10_000)
    before = BoardFile.objects.count()
    assert bring(bob, board, scene(body("c"), body("d"), g=png(3, 3))).json()["code"] == "board_full"
    assert BoardFile.objects.count() == before, "nothing of it was kept"


@pytest.mark.parametrize("version", [1, 2])
def test_a_library_comes_as_a_grid_of_groups_beside_the_scene(board, bob, version):
    store.apply(board.pk, [element("old", x=0, y=0, width=100, height=100)])
    items = [
        [body("a"), body("b", groupIds=["g"])],
        [body("a")],
        [body("c", frameId="f"), body("f", type="frame")],
    ]
    library = (
        {"library": items}
        if version == 1
        else {"libraryItems": [{"id": str(at), "elements": item} for at, item in enumerate(items)]}
    )
    data = json.dumps({"type": "excalidrawlib", "version": version} | library).encode()
    result = bring(bob, board, data).json()
    assert (result["kind"], result["items"], result["added"]) == ("library", 3, 5)
    a, b, single, child, frame = (there(board)[name] for name in result["added_ids"])
    assert a["groupIds"] == b["groupIds"][1:] != [] and single["groupIds"] == []
    assert child["groupIds"] == frame["groupIds"] == [] and child["frameId"] == frame["id"]
    assert all(each["x"] >= 100 for each in (a, b, single, child, frame))


@given(st.data())
@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_hostile_document_is_answered_and_never_breaks_the_server(board, bob, data):
    values = st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
        max_leaves=8,
    )
    key = data.draw(st.sampled_from(["elements", "files", "libraryItems", "library", "type"]))
    drawn = {
        "elements": [
            body("a"),
            data.draw(values),
            body("b") | {data.draw(st.sampled_from(sorted(body()))): data.draw(values)},
        ]
    }
    raw = json.dumps({**drawn, key: data.draw(values)} if data.draw(st.booleans()) else drawn)
    answer = bring(
        bob, board, raw.encode("utf-8", "surrogatepass"), data.draw(st.sampled_from(["", "?as=copy"]))
    )
    assert answer.status_code in (200, 422), answer.content
    if answer.status_code == 422:
        assert answer.json()["code"] == "bad_document"


def test_every_form_says_what_is_wrong_with_it(board, bob):
    for data, code in (
        (b"", "bad_document"),
        (b"hello", "bad_document"),
        (b"{}", "bad_document"),
        (b"PK\x03\x04broken", "bad_document"),
        (png(), "no_scene"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "no_scene"),
    ):
        answer = bring(bob, board, data)
        assert (answer.status_code, answer.json()["code"]) == (422, code), data


def test_a_document_is_kept_under_the_board_s_title(board, alice):
    Board.objects.filter(pk=board.pk).update(title="Plän: “A/B” \r\nx ")
    answer = signed_in(alice).get(f"{API}/boards/{board.pk}/scene?download=1")
    assert answer["Content-Disposition"] == (
        "attachment; filename*=utf-8''Pl%C3%A4n%20%E2%80%9CA%20B%E2%80%9D%20x.excalidraw"
    )
    assert answer["Content-Type"] == scene_in_image.MIME_TYPE
    assert json.loads(answer.getvalue())["type"] == "excalidraw"


def test_only_pictures_that_are_shown_go_out(board, bob, alice):
    bring(bob, board, scene(picture("i", "kept"), picture("j", "gone"), kept=png(), gone=png(9, 9)))
    store.apply(board.pk, [element("j", version=2, isDeleted=True)])
    out = json.loads(signed_in(alice).get(f"{API}/boards/{board.pk}/scene").getvalue())
    assert out["files"].keys() == {"kept"}


def test_a_picture_that_the_storage_lost_does_not_keep_the_rest(board, bob, media):
    bring(bob, board, scene(picture("i", "one"), picture("j", "two"), one=png(), two=png(9, 9)))
    (media / BoardFile.objects.get(file_id="one").key).unlink()
    out = json.loads(signed_in(bob).get(f"{API}/boards/{board.pk}/scene").getvalue())
    assert out["files"].keys() == {"two"} and len(out["elements"]) == 2


def made_picture(board: Board, user: Any) -> GeneratedImage:
    job = Job.objects.create(
        created_by=user,
        kind="img2img",
        checkpoint="bundled",
        status=JobStatus.SUCCEEDED,
        params={"prompt": "a red fox", "seed": 7},
    )
    importing.import_document(board, user, document.read(scene(picture("shown", "f"), f=png(color="red"))))
    file = BoardFile.objects.get(board=board)
    image = GeneratedImage.objects.create(
        job=job, key=file.key, sha256="f", mime_type=file.mime_type,
        width_px=64, height_px=64, size_bytes=file.size_bytes, seed=7,
    )  # fmt: skip
    Placement.objects.create(
        job=job, board=board, x=0, y=0, width=1, height=1, elements={str(image.pk): "shown"}
    )
    return image


def photograph(orientation: int) -> bytes:
    """Noise, turned by what it says about itself: it is written anew on the way in, and hardly gets smaller."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    file = io.BytesIO()
    Image.effect_noise((480, 360), 90).convert("RGB").save(file, "JPEG", quality=95, exif=exif)
    return file.getvalue()


@pytest.mark.parametrize("limit", [("IMAGE_MAX_BYTES", 4_000), ("IMAGE_MAX_PIXELS", 1_000)])
@pytest.mark.parametrize("kind", ["photograph", "generated"])
def test_what_left_here_comes_back_on_another_board_whatever_is_allowed_by_now(
    board, alice, bob, monkeypatch, kind, limit
):
    if kind == "generated":
        job = Job.objects.create(created_by=alice, kind="img2img", checkpoint="bundled", params={})
        kept = storage.store_image(Image.effect_noise((480, 360), 90).convert("RGB"), {})
        made = GeneratedImage.objects.create(job=job, seed=7, **vars(kept))
        file = board_files.add_generated(board, made, alice)
        bring(bob, board, scene(picture("i", file.file_id)))
    else:
        assert bring(bob, board, scene(picture("i", "f"), f=photograph(6))).json()["refused"] == []
        file = BoardFile.objects.get(board=board)
        assert (file.width_px, file.height_px) == (360, 480)
    exported = signed_in(alice).get(f"{API}/boards/{board.pk}/scene").getvalue()
    for module in (header, storage):
        monkeypatch.setattr(module, *limit, raising=False)
    other = Board.objects.create(owner=bob)
    assert bring(bob, other, exported).json()["refused"] == []
    [back] = BoardFile.objects.filter(board=other)
    assert (back.key, back.sha256, back.size_bytes) == (file.key, file.sha256, file.size_bytes)
    assert there(other).keys() == {"i"}
    stranger = bring(bob, other, scene(picture("j", "g"), g=photograph(8))).json()
    assert [each["code"] for each in stranger["refused"]] == ["bad_file"], "what is new here stays bounded"


def test_a_zip_holds_the_scene_its_pictures_and_how_they_were_made(board, alice, bob, monkeypatch):
    monkeypatch.setattr(door.rendering, "png_bytes", lambda *_, **__: png())
    made_picture(board, alice)
    answer = signed_in(bob).get(f"{API}/boards/{board.pk}/export.zip")
    assert answer["Content-Disposition"] == 'attachment; filename="Alice\'s board.zip"'
    data = answer.getvalue()
    held = zipfile.ZipFile(io.BytesIO(data))
    assert held.testzip() is None
    assert held.namelist() == ["manifest.json", "board.excalidraw", "board.png", "pictures/f.png"]
    manifest = json.loads(held.read("manifest.json"))
    assert manifest["jobs"][0]["prompt"] == "a red fox"
    assert manifest["jobs"][0]["images"] == [{"seed": 7, "file": "pictures/f.png", "element_id": "shown"}]
    other = Board.objects.create(owner=bob)
    assert bring(bob, other, data, name="b.zip").json()["added"] == 1
    assert there(other) == there(board)


def test_a_board_that_cannot_be_drawn_goes_out_without_its_picture(board, alice, monkeypatch):
    def fail(*_: Any, **__: Any) -> bytes:
        raise door.rendering.RenderFailed("too hard")

    monkeypatch.setattr(door.rendering, "png_bytes", fail)
    store.apply(board.pk, [element("a")])
    held = zipfile.ZipFile(io.BytesIO(signed_in(alice).get(f"{API}/boards/{board.pk}/export.zip").getvalue()))
    assert held.namelist() == ["manifest.json", "board.excalidraw"]


@pytest.mark.parametrize("form", ["png", "svg"])
def test_a_drawn_board_carries_its_scene_where_that_is_asked_for(board, carol, form):
    frame, inside = element("frame", type="frame"), element("inside", frameId="frame")
    store.apply(board.pk, [frame, inside, element("outside")])
    address = f"{API}/boards/{board.pk}/render.{form}"
    whole = document.read(signed_in(carol).get(f"{address}?embed=1").content)
    part = document.read(signed_in(carol).get(f"{address}?embed=1&frame=frame").content)
    assert [json.loads(each)["id"] for each in whole.elements] == ["frame", "inside", "outside"]
    assert [json.loads(each)["id"] for each in part.elements] == ["frame", "inside"]
    with pytest.raises(SceneMissing):
        document.read(signed_in(carol).get(address).content)


async def test_what_is_sent_is_never_whole_in_memory(board, alice):
    client = AsyncClient()
    await client.aforce_login(alice)
    await asgi_bring(client, board, scene(picture("i", "f"), f=png()))
    answer = await client.get(f"{API}/boards/{board.pk}/scene")
    assert answer.streaming and answer.is_async
    pieces = [piece async for piece in answer.streaming_content]
    assert len(pieces) == 5 and json.loads(b"".join(pieces))["files"].keys() == {"f"}


async def asgi_bring(client: AsyncClient, board: Board, data: bytes) -> None:
    upload = SimpleUploadedFile("x.excalidraw", data)
    answer = await client.post(f"{API}/boards/{board.pk}/import", {"file": upload})
    assert answer.json()["added"] == 1


def test_what_was_deleted_here_since_comes_back(board, bob):
    drawn = scene(body("a"), body("b"))
    bring(bob, board, drawn)
    store.apply(board.pk, [element(name, version=9, isDeleted=True) for name in "ab"])
    left = bring(bob, board, drawn, "?deleted=leave").json()
    assert (left["deleted"], left["revived"], left["unchanged"]) == (2, 0, 0) and not there(board)
    back = bring(bob, board, drawn).json()
    assert (back["deleted"], back["revived_ids"], back["added"], back["updated"]) == (0, ["a", "b"], 0, 0)
    assert {name: each["version"] for name, each in there(board).items()} == {"a": 10, "b": 10}
    again = bring(bob, board, drawn).json()
    assert (again["revived"], again["unchanged"]) == (0, 2)


def test_what_was_deleted_long_ago_comes_back_too(board, bob):
    drawn = scene(body("a"))
    bring(bob, board, drawn)
    store.apply(board.pk, [element("a", version=9, isDeleted=True)])
    tombstones.prune(board.pk, timezone.now())
    assert bring(bob, board, drawn, "?deleted=leave").json()["deleted"] == 1
    assert bring(bob, board, drawn).json()["revived"] == 1 and there(board)["a"]["version"] == 10


def test_a_tombstone_in_a_file_deletes_only_what_is_older_here(board, bob):
    store.apply(board.pk, [element("a", version=2), element("b", version=9)])
    deleted = scene(
        body("a", version=3, isDeleted=True), body("b", version=3, isDeleted=True), body("c", isDeleted=True)
    )
    result = bring(bob, board, deleted).json()
    assert (result["updated_ids"], list(there(board))) == (["a"], ["b"])


def test_tombstones_take_no_room_on_a_board(board, bob, monkeypatch):
    monkeypatch.setattr(store, "LIVE_ELEMENTS_MAX", 1)
    dead = [body(f"d{number}", isDeleted=True) for number in range(5)]
    assert bring(bob, board, scene(*dead, body("a"))).json()["added"] == 1


def test_extra_data_that_is_too_much_is_left_out_and_told(board, bob):
    much = {"note": "n" * 9_000}
    result = bring(
        bob, board, scene(body("a", customData=much), body("b", other=much), body("c", customData={"x": 1}))
    ).json()
    assert result["refused"] == [] and result["added"] == 3
    assert [(note["code"], note["count"]) for note in result["notes"]] == [("extras", 2)]
    assert result["notes"][0]["message"].startswith("Other programs' data on 2 elements was left out")
    assert there(board)["c"]["customData"] == {"x": 1} and "other" not in there(board)["b"]


@pytest.mark.parametrize("files", [[], None, "", 5, [{"id": "f"}]])
def test_a_file_without_a_table_of_pictures_comes_without_pictures(board, bob, files):
    data = json.dumps(
        {"type": "excalidraw", "elements": [body("a")], "appState": [], "files": files}
    ).encode()
    assert bring(bob, board, data).json()["added"] == 1


def test_a_bare_list_of_elements_is_a_scene(board, bob):
    assert bring(bob, board, json.dumps([body("a")]).encode()).json()["added"] == 1


def test_items_of_a_library_that_hold_nothing_are_passed_over(board, bob):
    items = [{"elements": [body("a")]}, {"id": "x"}, 5, [body("b")], {"elements": []}]
    data = json.dumps({"type": "excalidrawlib", "version": 2, "libraryItems": items}).encode()
    result = bring(bob, board, data).json()
    assert (result["items"], result["added"]) == (2, 2)


def test_the_colour_behind_a_scene_is_read(board):
    scene_of = lambda state: document.read(json.dumps({"elements": [], "appState": state}).encode())  # noqa: E731
    assert scene_of({"viewBackgroundColor": "#fff9db"}).background == "#fff9db"
    assert [scene_of(state).background for state in (None, [], {}, {"viewBackgroundColor": 5})] == [None] * 4


def test_a_copy_takes_labels_and_odd_ids_along(board, bob):
    odd = {
        "type": "rectangle",
        "id": 7,
        "x": 0,
        "y": 0,
        "width": 200,
        "height": 80,
        "label": {"text": "Login"},
    }
    bring(bob, board, scene(odd))
    result = bring(bob, board, scene(odd), "?as=copy").json()
    box, label = (there(board)[name] for name in result["added_ids"])
    assert label["containerId"] == box["id"] != "7" and box["boundElements"] == [
        {"id": label["id"], "type": "text"}
    ]


def test_what_has_the_id_of_something_else_comes_beside_it(board: Any, alice: Any) -> None:
    def file(*elements: dict[str, Any]) -> Any:
        return document.read(json.dumps({"type": "excalidraw", "elements": list(elements)}).encode())

    importing.import_document(board, alice, file(body("r", type="rectangle")))
    other = file(
        body("r", type="ellipse", boundElements=[{"id": "t", "type": "text"}]),
        body(
            "t",
            type="text",
            text="Database",
            originalText="Database",
            fontSize=20,
            fontFamily=5,
            containerId="r",
        ),
    )
    done = importing.import_document(board, alice, other)
    assert (done["added"], done["updated"], done["notes"]) == (2, 0, [])
    (ellipse, label) = [
        json.loads(b) for b in board.elements.exclude(element_id="r").values_list("body", flat=True)
    ]
    if ellipse["type"] == "text":
        ellipse, label = label, ellipse
    assert (ellipse["type"], label["containerId"]) == ("ellipse", ellipse["id"])
    again = importing.import_document(board, alice, other)
    assert (again["added"], again["updated"], again["unchanged"]) == (0, 0, 2)


def test_what_is_here_in_a_newer_version_stays_and_is_said(board: Any, alice: Any) -> None:
    old = document.read(json.dumps({"type": "excalidraw", "elements": [body("r", version=1)]}).encode())
    store.apply(board.pk, [element("r", version=5)])
    done = importing.import_document(board, alice, old)
    assert [note["message"] for note in done["notes"]] == [
        "1 element is on this board in a newer version, which stays."
    ]
