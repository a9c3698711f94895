"""The site's files: what they hold, that they are whole, safe and forgotten in time."""

from __future__ import annotations

import base64
import json
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest

from insight_dagster import tables
from insight_dagster.errors import InsightError
from insight_dagster.report import pictures as pictures_module
from insight_dagster.report.module_linker import link
from insight_dagster.report.packing import (
    pack_array,
    pack_flags,
    pack_hex,
    pack_numbers,
    pack_texts,
    script,
)
from insight_dagster.report.page_shell import PAGE, STYLES, static_names
from insight_dagster.report.pages.clip_columns import joined_clips
from insight_dagster.report.pages.drift_rows import drift_rows
from insight_dagster.report.pages.insight_cards import insight_cards
from insight_dagster.report.pages.json_values import plain
from insight_dagster.report.pages.overview import overview
from insight_dagster.report.pages.scores import class_scores, confusion
from insight_dagster.report.pictures import Pictures
from insight_dagster.report.report_data import SHOWN, ReportData
from insight_dagster.report.runs import RUNS_KEPT, delete_old_runs, known_runs
from insight_dagster.report.site import write_site

HOSTILE = '<img src=x onerror="window.hacked=1"></script><script>window.hacked=1</script>'


def taken(path: Path) -> object:
    """What a script of the site hands to the page."""
    found = re.fullmatch(r'insightReport\.take\("[^"]*",(.*)\);\n', path.read_text(), re.DOTALL)
    assert found
    return json.loads(found[1])


def files(site: Path) -> set[str]:
    return {str(path.relative_to(site)) for path in site.rglob("*") if path.is_file()}


def newest(site: Path) -> Path:
    return site / "runs" / known_runs(site)[0]["name"]


class TestSite:
    def test_a_run_is_written_with_all_that_the_page_names(self, make_data) -> None:
        data = make_data()
        page = write_site(data, data.home / "report")
        site = page.parent
        assert page == site / PAGE
        shell = page.read_text(encoding="utf-8")
        named = set(re.findall(r'(?:src|href)="([^"#:]+)"', shell))
        assert named <= files(site)
        assert len(named) == 2
        assert "http" not in shell.replace("http-equiv", "")
        clips = taken(newest(site) / "clips.js")
        assert clips["rows"] == 120
        assert set(clips["thumbs"]) <= files(site)
        cards = taken(newest(site) / "insights.js")["cards"]
        heats = {example["heat"] for card in cards for example in card["examples"]}
        assert heats
        assert heats | {card["average"] for card in cards} <= files(site)

    def test_writing_again_gives_the_same_files(self, make_data) -> None:
        data = make_data()
        site = write_site(data, data.home / "report").parent
        before = {name: (site / name).read_bytes() for name in files(site)}
        write_site(data, site)
        assert {name: (site / name).read_bytes() for name in files(site)} == before

    def test_a_failed_write_leaves_the_last_run(self, make_data, monkeypatch) -> None:
        data = make_data()
        site = write_site(data, data.home / "report").parent
        before = files(site)

        def refuse(*_: object, **__: object) -> None:
            raise OSError("disk full")

        monkeypatch.setattr("insight_dagster.report.runs.json.dumps", refuse)
        with pytest.raises(InsightError, match="cannot be written \\(disk full\\)"):
            write_site(replace(data, run_id="another"), site)
        assert files(site) == before
        assert len(known_runs(site)) == 1

    def test_ten_runs_are_kept_with_their_pictures_alone(self, make_data) -> None:
        data = make_data(clips=20)
        site = data.home / "report"
        for turn in range(RUNS_KEPT + 2):
            later = data.created_at + timedelta(days=turn)
            found = data.insights.assign(severity=0.5 + turn / 100)
            write_site(replace(data, run_id=f"run{turn}", created_at=later, insights=found), site)
            listed = [run["name"] for run in taken(site / "runs.js")]
            assert listed == [run["name"] for run in known_runs(site)]
        assert [run["run_id"] for run in known_runs(site)] == [f"run{n}" for n in range(11, 1, -1)]
        gone = data.clip_manifest["content_key"].iloc[0]
        without = data.clip_manifest[data.clip_manifest["content_key"] != gone]
        for turn in range(RUNS_KEPT):
            later = data.created_at + timedelta(days=30 + turn)
            found = data.insights.assign(severity=0.1 + turn / 100)
            changed = replace(data, run_id=f"new{turn}", created_at=later, clip_manifest=without)
            write_site(replace(changed, insights=found), site)
        assert not any(gone in name for name in files(site))
        assert sum(name.startswith("sheets/") for name in files(site)) == 19

    def test_a_run_that_writes_again_replaces_itself(self, make_data) -> None:
        data = make_data(clips=10)
        site = write_site(data, data.home / "report").parent
        write_site(replace(data, created_at=data.created_at + timedelta(minutes=1)), site)
        assert [run["created_at"] for run in known_runs(site)] == ["2026-03-14 02:01:00 UTC"]

    def test_what_is_no_run_of_ours_is_not_listed(self, make_data) -> None:
        data = make_data(clips=10)
        site = data.home / "report"
        (site / "runs" / "odd").mkdir(parents=True)
        (site / "runs" / "odd" / "run.json").write_text("{")
        write_site(data, site)
        assert len(taken(site / "runs.js")) == 1
        assert not (site / "runs" / "odd").exists()

    def test_every_static_file_is_used(self, make_data) -> None:
        data = make_data(clips=5)
        site = write_site(data, data.home / "report").parent
        app = next(site.glob("app-*.js")).read_text(encoding="utf-8")
        modules = {name for name in static_names() if name.endswith(".js")}
        names = [re.sub(r"\W", "_", name.removesuffix(".js")) for name in modules]
        assert all(f"const module_{name} =" in app for name in names)
        types = {"core/data.d.ts", "core/insight_data.d.ts", "views/view.d.ts"}
        assert set(static_names()) == {"page.html", *STYLES, *modules, *types}

    def test_the_policy_allows_the_sites_own_files_alone(self, make_data) -> None:
        data = make_data(clips=5)
        page = write_site(data, data.home / "report").read_text(encoding="utf-8")
        policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]+)"', page)[1]
        rules = dict(rule.split(" ", 1) for rule in policy.split("; "))
        assert rules["default-src"] == "'none'"
        assert rules["script-src"] == rules["style-src"] == "'self'"
        assert rules["img-src"] == "'self' data: blob:"
        assert "unsafe" not in policy
        assert not re.search(r"<script(?![^>]*src=)", page)

    def test_hostile_texts_stay_in_their_place(self, make_data) -> None:
        data = make_data(classes=(HOSTILE, "{{script}}"), title=HOSTILE)
        site = write_site(data, data.home / "report").parent
        page = (site / PAGE).read_text(encoding="utf-8")
        assert page.count("<script") == 1
        assert "<img" not in page
        summary = newest(site) / "overview.js"
        assert "<" not in summary.read_text(encoding="utf-8")
        assert taken(summary)["facts"]["title"] == HOSTILE
        assert taken(summary)["facts"]["classes"] == sorted((HOSTILE, "{{script}}"))

    def test_an_empty_home_is_a_site(self, empty_data: ReportData) -> None:
        site = write_site(empty_data, empty_data.home / "report").parent
        assert taken(newest(site) / "clips.js")["rows"] == 0
        assert taken(newest(site) / "overview.js")["facts"]["accuracy"] is None

    def test_a_frame_without_its_columns_is_refused_by_name(self, make_data) -> None:
        data = make_data()
        with pytest.raises(ValueError, match=r"predictions lacks columns \['loss'\]"):
            replace(data, predictions=data.predictions.drop(columns=["loss"]))


class TestWhatIsTold:
    def test_clips_carry_what_every_table_says_of_them(self, make_data) -> None:
        data = make_data(clips=40)
        clips = joined_clips(data)
        assert list(clips["clip_id"]) == sorted(clips["clip_id"])
        row = clips.iloc[7]
        said = data.predictions.set_index("clip_id").loc[row["clip_id"]]
        measured = data.metadata_table.set_index("clip_id").loc[row["clip_id"]]
        assert (row["predicted"], row["loss"]) == (said["predicted"], said["loss"])
        assert row["sharpness"] == measured["sharpness"]

    def test_the_order_of_rows_does_not_matter(self, make_data, tmp_path) -> None:
        data = make_data()
        mixed = {
            table.name: getattr(data, table.name).sample(frac=1, random_state=3, ignore_index=True)
            for table in SHOWN
        }
        sites = [write_site(data, tmp_path / "a").parent]
        sites.append(write_site(replace(data, **mixed), tmp_path / "b").parent)
        first, second = ({n: (s / n).read_bytes() for n in files(s)} for s in sites)
        assert first == second

    def test_insights_are_ranked_with_all_that_is_known(self, make_data, tmp_path) -> None:
        data = make_data()
        clips = joined_clips(data)
        cards = insight_cards(data, clips, Pictures(tmp_path / "site", data.home))
        severities = [card["severity"] for card in cards]
        assert severities == sorted(severities, reverse=True)
        first = cards[0]
        ids = set(data.insight_members.query("insight_id == 'insight-0'")["clip_id"])
        rows = np.frombuffer(base64.b64decode(first["rows"]["data"]), "<i4")
        assert set(clips["clip_id"].iloc[rows]) == ids
        assert [cause["field"] for cause in first["causes"]] == [
            "ssim_mean", "frame_difference_mean", "foreground_ratio",
        ]  # fmt: skip
        spread = first["causes"][0]["spread"]
        assert sum(spread["inside"]) == pytest.approx(1, abs=1e-3)
        assert first["examples"][0]["target"] == first["class_name"]
        assert cards[3]["suggested"][0] == "abseiling"
        assert [each["status"] for each in first["past"]] == ["born", "growing"]
        assert len(first["actions"]) == len(ids)
        assert first["effects"][0]["change"] == 0.02

    def test_quarantined_clips_are_listed_and_not_counted(self, make_data) -> None:
        data = make_data(clips=20)
        told = overview(data, joined_clips(data), since=None)
        assert (told["facts"]["clips"], told["facts"]["quarantined"]) == (20, 1)
        assert told["quarantine"][0]["problem"] == "cut.mp4 ends after 12 of 102 frames"

    def test_what_changed_is_what_the_ledger_says_since_the_run_before(self, make_data) -> None:
        data = make_data()
        clips = joined_clips(data)
        assert overview(data, clips, since=None)["changes"] is None
        told = overview(data, clips, since=datetime(2026, 3, 1, 12, tzinfo=UTC))["changes"]
        assert {each["status"] for each in told} == {"growing"}
        assert [each["sentence"] for each in told] == data.insights["sentence"].tolist()
        assert overview(data, clips, since=datetime(2026, 3, 3, tzinfo=UTC))["changes"] == []

    def test_a_run_that_finds_nothing_new_adds_none(self, make_data) -> None:
        data = make_data(clips=20)
        site = write_site(data, data.home / "report").parent
        later = replace(data, run_id="later", created_at=data.created_at + timedelta(days=1))
        write_site(later, site)
        assert [run["run_id"] for run in known_runs(site)] == [data.run_id]
        write_site(replace(later, clip_manifest=data.clip_manifest.iloc[1:]), site)
        assert [run["run_id"] for run in known_runs(site)] == ["later", data.run_id]

    def test_nothing_is_deleted_while_a_run_cannot_be_read(self, make_data, monkeypatch) -> None:
        data = make_data(clips=10)
        site = write_site(data, data.home / "report").parent
        old = newest(site) / "run.json"
        real = Path.read_bytes

        def refuse(path: Path) -> bytes:
            if path == old:
                raise PermissionError("not now")
            return real(path)

        before = files(site)
        monkeypatch.setattr(Path, "read_bytes", refuse)
        monkeypatch.setattr("insight_dagster.report.runs.RUNS_KEPT", 0)
        delete_old_runs(site)
        assert files(site) == before

    def test_a_sheet_that_was_drawn_again_is_shown_anew(self, make_data) -> None:
        data = make_data(clips=5)
        site = write_site(data, data.home / "report").parent
        sheet = next((data.home / "sheets").rglob("*.jpg"))
        shown = next(site.glob(f"sheets/*/{sheet.name}"))
        atlases = set(site.glob("thumbs/*"))
        changed = cv2.imread(str(sheet))[:128]
        sheet.unlink()
        cv2.imwrite(str(sheet), changed)
        later = data.created_at + timedelta(days=1)
        write_site(replace(data, run_id="later", created_at=later), site)
        assert shown.read_bytes() == sheet.read_bytes()
        assert len(set(site.glob("thumbs/*")) - atlases) == 1

    def test_drift_is_told_worst_first_with_what_could_not_be_judged(self) -> None:
        names = [f"class{number:02}" for number in range(30)]
        judged = pd.DataFrame({
            "class_name": names, "part": "total", "metric": "accuracy", "clips_now": 50,
            "effect": -0.01, "p_value": 0.5, "judged": True,
        })  # fmt: skip
        judged.loc[29, ["effect", "p_value"]] = [0.2, 1e-9]
        late = judged.head(3).assign(metric="loss", judged=False, reason="3 of the 20 needed")
        counts = judged.head(5).assign(metric="new_clips")
        drift = pd.concat([counts, judged, late]).reindex(columns=tables.DRIFT.column_names)
        told = drift_rows(drift)
        assert told["rows"][0]["class_name"] == "class29"
        assert (len(told["rows"]), told["judged"], told["worse"]) == (30, 30, 1)
        assert told["not_judged"] == [["3 of the 20 needed", 3]]

    def test_a_distance_is_no_drift_by_itself(self) -> None:
        drift = pd.DataFrame({
            "class_name": "a", "part": ["metadata", "metadata", "embedding", "total", "total"],
            "metric": ["zoom", "shake", "embedding", "loss", "accuracy"], "clips_now": 50,
            "effect": [0.3, 0.9, 0.49, 0.1, 0.2], "adjusted_p": [1, 0.001, None, None, None],
            "p_value": [0.02, 0.0001, 0.6, None, 0.01], "judged": True,
        }).reindex(columns=tables.DRIFT.column_names)  # fmt: skip
        told = drift_rows(drift)
        assert [each["metric"] for each in told["rows"] if each["sure"]] == ["shake", "accuracy"]
        assert told["worse"] == 2
        assert [each["metric"] for each in told["rows"][:3]] == ["shake", "accuracy", "loss"]

    def test_examples_of_a_confusion_are_confused_ones_first(self, make_data, tmp_path) -> None:
        data = make_data()
        said = data.predictions.set_index("clip_id")["correct"]
        cards = insight_cards(data, clips := joined_clips(data), Pictures(tmp_path, data.home))
        card = next(each for each in cards if each["kind"] == "class_confusion")
        right = [bool(said[clips["clip_id"][each["row"]]]) for each in card["examples"]]
        assert right == sorted(right)
        assert card["average_target"] == card["class_name"]

    def test_the_space_shown_is_that_of_the_projection(self, make_data) -> None:
        data = make_data()
        newer = data.latent_spaces.assign(space_id="newer", created_at="2027", clusters=99)
        spaces = pd.concat([data.latent_spaces.assign(created_at="2026"), newer])
        data = replace(
            data, latent_spaces=spaces, projection=data.projection.assign(space_id="space")
        )
        assert overview(data, joined_clips(data), since=None)["facts"]["space"]["clusters"] == 5

    def test_clips_without_predictions_are_shown_unscored(self, make_data) -> None:
        data = make_data(clips=10)
        data = replace(data, predictions=data.predictions.head(0))
        told = overview(data, joined_clips(data), since=None)
        assert told["facts"]["scored"] == 0
        assert all(score["scored"] == 0 for score in told["scores"])


class TestPacking:
    def test_numbers_become_float32_and_what_is_none_nan(self) -> None:
        packed = pack_numbers(pd.Series([0.5, None, np.inf, 1e300]))
        values = np.frombuffer(base64.b64decode(packed["data"]), "<f4")
        np.testing.assert_array_equal(values, np.float32([0.5, np.nan, np.nan, np.nan]))
        assert packed["kind"] == "f4"

    def test_flags_texts_and_identities(self) -> None:
        flags = pack_flags(pd.Series([True, None, False], dtype=object))
        assert base64.b64decode(flags["data"]) == bytes([1, 255, 0])
        texts = pack_texts(pd.Series(["b", None, "a", "b"]))
        codes = np.frombuffer(base64.b64decode(texts["codes"]["data"]), "<u2")
        assert (texts["levels"], codes.tolist()) == (["a", "b"], [1, 65_535, 0, 1])
        many = pd.Series([f"{number}.mp4" for number in range(50)])
        assert pack_texts(many) == {"kind": "texts", "values": many.tolist()}
        assert base64.b64decode(pack_hex(["00ff", "1234"])["data"]) == b"\x00\xff\x12\x34"
        assert pack_hex(["00ff", "12"])["kind"] == "texts"
        assert pack_array(np.zeros((2, 3)))["shape"] == [2, 3]

    def test_a_value_cannot_end_its_script(self) -> None:
        text = script("a/b", {"name": HOSTILE + "\u2028"})
        assert "<" not in text
        assert "\u2028" not in text
        assert json.loads(text[len('insightReport.take("a/b",') : -3]) == {
            "name": HOSTILE + "\u2028"
        }


MODULES = {
    "main.js": "import { one as first, two } from './a.js';\nimport * as b from './b.js';\n"
    "globalThis.out = [first(), two, b.three];",
    "a.js": "export function one() { return 1; }\nexport const two = 2;",
    "b.js": "import { two } from './a.js';\nexport const three = two + 1;",
}


class TestLinking:
    def test_modules_run_once_after_what_they_import(self) -> None:
        text = link(MODULES, "main.js")
        assert text.index("module_a =") < text.index("module_b =") < text.index("module_main =")
        assert "const { one: first, two } = module_a;" in text
        assert text.count("module_a = (") == 1

    @pytest.mark.parametrize(
        ("changed", "message"),
        [
            ({"a.js": "import { three } from './b.js';\nexport const two = 2;"}, "in a circle"),
            ({"b.js": "import { x } from './c.js';"}, "c.js, which does not exist"),
            ({"b.js": "export default 3;"}, "cannot link 'export default 3;'"),
            ({"b.js": 'import x from "./a.js";'}, "cannot link"),
        ],
    )
    def test_what_it_cannot_link_is_refused(self, changed, message) -> None:
        with pytest.raises(ValueError, match=message):
            link(MODULES | changed, "main.js")


class TestPictures:
    def test_thumbnails_are_middle_frames_in_order(self, make_data) -> None:
        data = make_data(clips=300)
        site = data.home / "site"
        pictures = Pictures(site, data.home)
        keys = joined_clips(data)["content_key"].tolist()
        assert pictures.sheets(keys).all()
        atlases = pictures.thumbnails(keys)
        assert len(atlases) == 2
        atlas = cv2.imread(str(site / atlases[1]))
        sheet = cv2.imread(str(data.home / "sheets" / keys[256][:2] / f"{keys[256]}.jpg"))
        expected = cv2.resize(sheet[256:384, :128], (64, 64), interpolation=cv2.INTER_AREA)
        assert np.abs(atlas[:64, :64].astype(int) - expected).mean() < 6

    def test_a_heatmap_lies_over_its_frame(self, tmp_path: Path) -> None:
        (tmp_path / "heatmaps").mkdir()
        volume = np.zeros((16, 64, 64), np.float16)
        volume[5, :, 32:] = 1
        np.savez(tmp_path / "heatmaps" / "a.npz", volume=volume)
        pictures = Pictures(tmp_path / "site", tmp_path)
        heat = cv2.imread(
            str(tmp_path / "site" / pictures.heat("heatmaps/a.npz")), cv2.IMREAD_UNCHANGED
        )
        assert heat.shape == (512, 512, 4)
        assert heat[128:256, 200:250, 3].min() > 190
        assert heat[..., 3].astype(int).sum() == pytest.approx(
            heat[128:256, 128:256, 3].astype(int).sum(), rel=0.02
        )

    def test_paths_that_lead_outside_and_broken_files_are_left_out(self, tmp_path: Path) -> None:
        home = tmp_path / "home"
        (home / "heatmaps").mkdir(parents=True)
        np.savez(tmp_path / "secret.npz", volume=np.ones((16, 8, 8), np.float16))
        (home / "heatmaps" / "link.npz").symlink_to(tmp_path / "secret.npz")
        (home / "heatmaps" / "broken.npz").write_bytes(b"no archive")
        pictures = Pictures(tmp_path / "site", home)
        names = ("../secret.npz", str(tmp_path / "secret.npz"), "heatmaps/../../secret.npz",
                 "heatmaps/link.npz", "heatmaps/none.npz", "heatmaps/broken.npz")  # fmt: skip
        assert [pictures.heat(name) for name in names] == [None] * len(names)
        assert pictures.average(names) is None
        assert not pictures.sheets(["../../etc", "", "nothex"]).any()
        assert pictures.used == set()

    def test_of_many_clips_members_and_wrong_ones_are_pictured_first(
        self, make_data, monkeypatch
    ) -> None:
        monkeypatch.setattr("insight_dagster.report.run_scripts.MOST_SHEETS", 80)
        data = make_data(clips=200)
        site = write_site(data, data.home / "report").parent
        pictured = taken(newest(site) / "clips.js")["columns"]["pictured"]
        flags = np.frombuffer(base64.b64decode(pictured["data"]), np.uint8).astype(bool)
        clips = joined_clips(data)
        first = clips["clip_id"].isin(data.insight_members["clip_id"]) | ~clips["correct"].astype(
            bool
        )
        assert flags.sum() == 80
        assert flags[first].all()
        assert pictures_module.MOST_SHEETS == 20_000


class TestPlain:
    @pytest.mark.parametrize(
        ("value", "expected"),
        [
            (np.float32(0.5), 0.5),
            (1234567.0, 1234600),
            (np.int64(3), 3),
            (np.bool_(True), True),
            (float("nan"), None),
            (pd.NA, None),
            (pd.NaT, None),
            ("x", "x"),
            (np.array(["a", "b"]), ["a", "b"]),
        ],
    )
    def test_values(self, value: object, expected: object) -> None:
        assert plain(value) == expected
        assert type(plain(value)) is type(expected)


class TestScores:
    clips = pd.DataFrame(
        {
            "class_name": ["a", "a", "a", "b", "b"],
            "split": ["train", "train", "val", "val", "odd"],
            "predicted": ["a", "b", "z", "b", None],
            "correct": [True, False, False, True, None],
            "loss": [0.5, 1.5, 4.0, 0.25, None],
        }
    )

    def test_counts_of_class_and_split(self) -> None:
        scores = {(s["class_name"], s["split"]): s for s in class_scores(self.clips)}
        assert scores["a", ""] == {
            "class_name": "a",
            "split": "",
            "clips": 3,
            "scored": 3,
            "right": 1,
            "mean_loss": 2,
        }
        assert (scores["b", "odd"]["scored"], scores["b", "odd"]["mean_loss"]) == (0, None)

    def test_confusion_counts_labels_outside_the_library(self) -> None:
        matrix = confusion(self.clips)
        assert matrix["classes"] == ["a", "b"]
        assert matrix["splits"] == ["", "train", "val"]
        assert matrix["counts"][0][0] == {"counts": [1, 1], "other": 1, "most": [["z", 1]]}
        assert matrix["counts"][1][0]["counts"] == [1, 1]

    def test_of_many_classes_those_with_most_errors_are_shown(self) -> None:
        names = [f"class {i:02}" for i in range(40)]
        clips = pd.DataFrame(
            {
                "class_name": names * 2,
                "split": "train",
                "predicted": names + ["class 00"] * 20 + names[20:],
            }
        )
        matrix = confusion(clips)
        assert len(matrix["classes"]) == 19  # class 00 is never wrong; the last 20 neither
        assert "class 05" in matrix["classes"]
        assert matrix["left_out"] == 21
