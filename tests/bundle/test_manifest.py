"""The manifest and its schema describe the same thing, and both are closed."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from sdk.bundle import Bundle, Manifest, TargetRecord, Tolerance
from sdk.bundle.reading import parse_manifest
from sdk.bundle.schema import DEFAULT, manifest_schema, schema_text
from sdk.errors import BundleError

ROOT = Path(__file__).parents[2]


def objects(schema: Any) -> Iterator[dict[str, Any]]:
    """Every subschema that describes an object."""
    if isinstance(schema, dict):
        if schema.get("type") == "object":
            yield schema
        for child in schema.values():
            yield from objects(child)
    elif isinstance(schema, list):
        for child in schema:
            yield from objects(child)


@pytest.fixture
def manifest(toy_bundle: Path) -> dict[str, Any]:
    parsed: dict[str, Any] = json.loads((toy_bundle / "manifest.json").read_text())
    return parsed


def test_committed_schema_is_current() -> None:
    assert (ROOT / DEFAULT).read_text() == schema_text(), "run python -m sdk.bundle.schema"


def test_command_writes_the_schema(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "sdk.bundle.schema", str(tmp_path / "schema.json")]
    subprocess.run(command, cwd=ROOT, check=True)
    assert (tmp_path / "schema.json").read_text() == schema_text()


def test_schema_is_a_valid_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(manifest_schema())


def test_schema_is_closed() -> None:
    """Records and maps with a pattern for keys allow no further key; free maps (config, tools) type their values."""
    found = list(objects(manifest_schema()))
    assert len(found) > 10
    for schema in found:
        if "properties" in schema or "patternProperties" in schema:
            assert schema["additionalProperties"] is False, schema
        else:
            assert isinstance(schema["additionalProperties"], dict), schema
            assert schema["additionalProperties"], schema


def test_a_written_manifest_fits_the_schema(manifest: dict[str, Any]) -> None:
    jsonschema.validate(manifest, manifest_schema(), cls=jsonschema.Draft202012Validator)


@pytest.mark.parametrize(
    "change",
    [
        lambda m: m.update(surprise=1),
        lambda m: m["pipeline"]["stages"][0].update(surprise=1),
        lambda m: m["targets"][0].update(surprise=1),
        lambda m: m["targets"][0]["artefacts"].update({"Not A Name": "README.md"}),
        lambda m: m.pop("files"),
        lambda m: m.update(format_version=2),
        lambda m: m["files"][0].update(path="../outside"),
        lambda m: m["files"][0].update(path="/etc/passwd"),
        lambda m: m["files"][0].update(path="a\\b"),
        lambda m: m["files"][0].update(sha256="0"),
        lambda m: m["pipeline"].update(hop=0),
        lambda m: m["model"].update(trained=1),
    ],
)
def test_schema_and_reader_refuse_the_same(manifest: dict[str, Any], change: Any) -> None:
    change(manifest)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(manifest, manifest_schema(), cls=jsonschema.Draft202012Validator)
    with pytest.raises(BundleError):
        parse_manifest(json.dumps(manifest).encode(), "manifest.json")


def test_round_trip(manifest: dict[str, Any]) -> None:
    parsed = parse_manifest(json.dumps(manifest).encode(), "manifest.json")
    assert parse_manifest(parsed.model_dump_json().encode(), "again") == parsed
    assert json.loads(parsed.model_dump_json()) == manifest


def test_a_target_with_everything_round_trips(manifest: dict[str, Any]) -> None:
    record = TargetRecord(
        target="executorch-coreml",
        precision="int8_dynamic",
        artefacts=dict.fromkeys(("audio_encoder", "identity", "motion_decoder"), "reference"),
        tools={"executorch": "1.4.1"},
        minimum_os={"iOS": "18.0"},
        rewrites=("layer_norm_as_linear_means",),
        undelegated=("aten.where x2",),
        tolerance=Tolerance(max_abs_of_range=1e-4, rms_of_range=1e-5, digest_relative=1e-3),
        measured={"max_abs_of_range": 3e-7},
    )
    manifest["targets"].append(json.loads(record.model_dump_json()))
    assert parse_manifest(json.dumps(manifest).encode(), "manifest.json").targets[1] == record
    jsonschema.validate(manifest, manifest_schema(), cls=jsonschema.Draft202012Validator)


def test_channels_name_the_values(manifest: dict[str, Any]) -> None:
    manifest["channels"] = [f"channel {index}" for index in range(15)]
    assert len(Manifest.model_validate(manifest).channels) == 15


def test_vertices_need_three_coordinates(manifest: dict[str, Any]) -> None:
    """The coefficients are (1, 8): neither vertices nor named."""
    manifest["pipeline"]["values"] = "motion_decoder.coefficients"
    with pytest.raises(BundleError, match="neither named nor vertices"):
        parse_manifest(json.dumps(manifest).encode(), "manifest.json")
    manifest["channels"] = list("abcdefgh")
    parse_manifest(json.dumps(manifest).encode(), "manifest.json")


def test_an_opened_bundle_shows_its_manifest(toy_bundle: Path, manifest: dict[str, Any]) -> None:
    bundle = Bundle.open(toy_bundle)
    assert bundle.manifest.model.name == manifest["model"]["name"] == "toy"
    assert bundle.unit == "mm"
    assert bundle.pipeline.hop == 320
