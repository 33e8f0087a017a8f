"""The dashboards, each of which answers one question."""

from typing import Final

from authz_monitoring.board import Board
from authz_monitoring.dashboards import denials, keys, overview, pod

BOARDS: Final[tuple[Board, ...]] = (overview.BOARD, denials.BOARD, pod.BOARD, keys.BOARD)
