"""Making tokens: for tests, demonstrations and operators. Checking them is ``sidecar.core``'s business."""
