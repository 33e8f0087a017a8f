"""``python -m monitoring.pictures FOLDER``: let a sidecar live, and draw each dashboard into FOLDER."""

import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from authz_monitoring.dashboards import BOARDS
from monitoring.pictures.answers import Answers
from monitoring.pictures.draw import draw
from monitoring.queries import at_once
from support.history import day_before
from support.processes import eventually
from support.prometheus import running_prometheus
from support.rounds import Rounds
from support.scene import Scene, running_scene

_LABELS = {"namespace": "shop", "app": "orders", "pod": "orders-1"}
#: Seconds that are shown, and what happens when in them.
_SPAN = 150.0
_EVENTS: Mapping[float, Callable[[Scene], None]] = {
    25.0: Scene.revoke,
    40.0: Scene.rotate,
    55.0: lambda scene: scene.kill("server-1"),
    70.0: Scene.forge,
    80.0: Scene.lose_entries,
    95.0: lambda scene: scene.configure(lambda text: text + "nonsense: true\n"),
    110.0: lambda scene: scene.configure(lambda text: text.replace("nonsense: true\n", "dry_run: true\n")),
    130.0: lambda scene: scene.configure(lambda text: text.replace("dry_run: true\n", "")),
}


def _live(scene: Scene) -> None:
    begun = time.monotonic()
    for at, happens in _EVENTS.items():
        time.sleep(max(0.0, begun + at - time.monotonic()))
        happens(scene)
    time.sleep(max(0.0, begun + _SPAN - time.monotonic()))


def main() -> None:
    """Draw all of them."""
    target = Path(sys.argv[1])
    target.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory(prefix="pictures-") as name,
        running_scene(Path(name)) as scene,
        running_prometheus(
            Path(name), [scene.sidecar.probe], at_once(), _LABELS, day_before(time.time(), _LABELS)
        ) as prometheus,
        Rounds(scene.sidecar.addresses, scene.round, pause=0.1),
    ):
        assert eventually(lambda: prometheus.has("authz_build_info"))
        _live(scene)
        answers = Answers(prometheus, time.time(), _SPAN)
        for board in BOARDS:
            draw(board, answers, target / f"{board.uid}.png")


if __name__ == "__main__":
    main()
