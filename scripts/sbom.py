"""Write what is shipped as a software bill of materials, in CycloneDX 1.6.

Its sources are the files that pin versions: vendor.lock.json, with the hash of each file; package-lock.json,
for what is bundled; constraints.txt, for the theme. What only builds and tests is not in it.
"""

from __future__ import annotations

import base64
import datetime
import json
import re
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model import HashAlgorithm, HashType
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL
from scripts.command import ROOT
from scripts.notices import THEME

SPACE = uuid.uuid5(uuid.NAMESPACE_URL, "https://cyclonedx.org/goosequill")
WHEEL = re.compile(r"/(?P<name>\w+)-(?P<version>[\w.]+)-[\w.]+-[\w.]+-[\w.]+\.whl$")
TYPES = {"npm": "npm", "python": "pypi"}


def component(kind: str, name: str, version: str, licence: str = "", **more: Any) -> Component:
    """Describe a package of a registry, "npm" or "pypi"."""
    namespace, _, plain = name.rpartition("/")
    purl = PackageURL(kind, namespace or None, plain, version)
    licences = [LicenseFactory().make_from_string(licence)] if licence else []
    return Component(
        type=ComponentType.LIBRARY,
        group=namespace or None,
        name=plain,
        version=version,
        licenses=licences,
        purl=purl,
        bom_ref=str(purl),
        **more,
    )


def sha256(content: str) -> HashType:
    return HashType(alg=HashAlgorithm.SHA_256, content=content)


def vendored(lock: dict[str, Any]) -> Iterator[Component]:
    """The packages of vendor.lock.json, each with the files that the site takes from it."""
    for package in lock["packages"]:
        files: list[Component] = []
        for file in package["files"]:
            wheel = WHEEL.search(file["target"])
            hashes = [sha256(file["sha256"])]
            if wheel:
                files.append(component("pypi", wheel["name"], wheel["version"], hashes=hashes))
            else:
                ref = f"{package['name']}@{package['version']}:{file['member']}"
                files.append(
                    Component(type=ComponentType.FILE, name=file["member"], bom_ref=ref, hashes=hashes)
                )
        kind = TYPES[package["registry"]]
        more = {"description": package["reason"], "components": files}
        yield component(kind, package["name"], package["version"], package["licence"], **more)


def bundled(lock: dict[str, Any]) -> Iterator[Component]:
    """The npm packages that package-lock.json installs for more than development: the build bundles them."""
    for path, package in lock["packages"].items():
        if path and not package.get("dev"):
            digest = base64.b64decode(package["integrity"].removeprefix("sha512-")).hex()
            hashes = [HashType(alg=HashAlgorithm.SHA_512, content=digest)]
            name = path.removeprefix("node_modules/")
            yield component("npm", name, package["version"], package["license"], hashes=hashes)


def theme(constraints: str) -> Component:
    (version,) = re.findall(rf"^{THEME}==(\S+)$", constraints, re.MULTILINE)
    return component("pypi", THEME, version, "MIT")


def bill(version: str, date: str, root: Path = ROOT) -> Bom:
    """Return the bill of materials of a version of a date, YYYY-MM-DD; the same tree gives the same bill."""
    parts = [
        *vendored(json.loads((root / "vendor.lock.json").read_text(encoding="utf-8"))),
        *bundled(json.loads((root / "package-lock.json").read_text(encoding="utf-8"))),
        theme((root / "constraints.txt").read_text(encoding="utf-8")),
    ]
    bom = Bom(components=parts, serial_number=uuid.uuid5(SPACE, version))
    bom.metadata.timestamp = datetime.datetime.fromisoformat(f"{date}T00:00:00+00:00")
    bom.metadata.component = Component(
        type=ComponentType.APPLICATION, name="goosequill", version=version, bom_ref="goosequill"
    )
    bom.register_dependency(bom.metadata.component, parts)
    return bom


def write_sbom(path: Path, version: str, date: str) -> None:
    """Write the bill of materials as JSON."""
    path.write_text(JsonV1Dot6(bill(version, date)).output_as_string(indent=2) + "\n", encoding="utf-8")
