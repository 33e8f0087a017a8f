"""Record what we use of others' interfaces, from the classes of xds-protos: ``make protos`` installs it apart.

The descriptors of just the messages that are needed, without annotations, and their types: Envoy's ext_authz and CEL's
trees for ``sidecar/protos``, and Envoy's configuration for the tests of that which we generate.
"""

import lzma
from base64 import b64encode
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from textwrap import wrap

from google.protobuf.descriptor import Descriptor
from google.protobuf.descriptor_pb2 import FileDescriptorProto, FileDescriptorSet
from google.protobuf.descriptor_pool import Default

from protos.closure import closure, files_of
from protos.stub import stub
from protos.wanted import CEL_EXPR, CONFIGURATION, EXT_AUTHZ, MODULES

_HEAD = '''\
"""{title}, recorded by ``make protos`` from xds-protos {version}: not written by hand.

Made of {sources},
under the Apache License, version 2.0 (LICENSE). Left out: annotations, comments, and messages that nobody names.
"""

from sidecar.protos.pool import classes

_class = classes(
    (
'''
_ENVOY = "Envoy's API (the Envoy Project's authors) and googleapis (Google LLC)"
_CEL = "CEL's specification (Google LLC)"
_COLUMNS = 100


def main() -> None:
    """Write all of it into the repository whose root is the working directory."""
    for module in MODULES:
        import_module(module)
    room = Path("sidecar/protos")
    _record(room / "ext_authz", "Envoy's external authorization, v3", _ENVOY, EXT_AUTHZ)
    _record(room / "cel_expr", "CEL's trees, parsed and checked", _CEL, CEL_EXPR)
    configuration = FileDescriptorSet(file=files_of(closure(Default(), CONFIGURATION)))
    packed = lzma.compress(configuration.SerializeToString(deterministic=True), preset=9 | lzma.PRESET_EXTREME)
    Path("tests/envoy_config/api.binpb.xz").write_bytes(packed)


def _record(module: Path, title: str, sources: str, roots: tuple[str, ...]) -> None:
    types = closure(Default(), roots)
    messages = sorted((one for one in types if isinstance(one, Descriptor)), key=lambda one: one.name)
    text = _HEAD.format(title=title, version=version("xds-protos"), sources=sources)
    text += "".join(_literal(file) for file in files_of(types)) + "    )\n)\n\n"
    text += "".join(f'{one.name} = _class("{one.full_name}")\n' for one in messages)
    module.with_suffix(".py").write_text(text)
    module.with_suffix(".pyi").write_text(stub(messages))


def _literal(file: FileDescriptorProto) -> str:
    lines = wrap(b64encode(file.SerializeToString(deterministic=True)).decode(), _COLUMNS)
    return "".join(["        (  # ", file.name, "\n", *(f'            "{line}"\n' for line in lines), "        ),\n"])


if __name__ == "__main__":
    main()
