"""The two networks in MediaPipe's wheel, called on crops of our own choice: face search and 478 landmarks.

MediaPipe's own ``FaceMesh`` searches with a short-range network, samples large faces without a low-pass filter and
hides the presence score; building the graphs here avoids all three.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import DetectorUnavailable
from .detector import Image
from .looks import Look

CROP = 192
"""Input side of both networks in pixels."""

INSTALL = "pip install mediapipe==0.10.21"

_LANDMARK_GRAPH = """
input_stream: "image" input_stream: "roi" output_stream: "landmarks" input_side_packet: "with_attention"
node {
  calculator: "FaceLandmarkCpu" input_stream: "IMAGE:image" input_stream: "ROI:roi"
  input_side_packet: "WITH_ATTENTION:with_attention" output_stream: "LANDMARKS:landmarks"
}
"""
_SEARCH_GRAPH = """
input_stream: "image" output_stream: "detections"
node { calculator: "FaceDetectionFullRangeCpu" input_stream: "IMAGE:image" output_stream: "DETECTIONS:detections" }
"""


def import_mediapipe() -> Any:
    """The ``mediapipe`` package, with its chatter on stderr turned down. Raises ``DetectorUnavailable``."""
    for variable in ("GLOG_minloglevel", "TF_CPP_MIN_LOG_LEVEL"):
        os.environ.setdefault(variable, "3")
    try:
        import mediapipe

        return mediapipe
    except ImportError as error:
        raise DetectorUnavailable(
            "mediapipe",
            f"its package is missing ({error})",
            "set up the engine again, or pip install mediapipe==0.10.21",
        ) from error


@contextmanager
def quiet() -> Iterator[None]:
    """Drop what C++ writes to stderr: TensorFlow Lite greets and warns there without a switch to stop it."""
    sys.stderr.flush()
    kept = os.dup(2)
    with open(os.devnull, "w") as nowhere:
        os.dup2(nowhere.fileno(), 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)


class _Graph:
    """A running MediaPipe graph on the CPU."""

    def __init__(self, text: str, threshold: float, side_packets: dict[str, bool]) -> None:
        root = Path(import_mediapipe().__file__).parent.parent
        try:
            from mediapipe.python import packet_creator
            from mediapipe.python._framework_bindings import calculator_graph, resource_util

            resource_util.set_resource_dir(str(root))
            config, self.score = _expanded(text, threshold)
            self._graph = calculator_graph.CalculatorGraph(graph_config=config)
            self._packets: dict[str, Any] = {}
            for stream in config.output_stream:
                self._graph.observe_output_stream(stream.split(":")[-1], self._packets.__setitem__, True)
            with quiet():
                self._graph.start_run({name: packet_creator.create_bool(value) for name, value in side_packets.items()})
                self._graph.wait_until_idle()
        except (ImportError, RuntimeError, ValueError) as error:
            reason = f"this version of MediaPipe lacks its networks ({str(error).splitlines()[0]})"
            raise DetectorUnavailable("mediapipe", reason, INSTALL) from error
        self._time = 0

    def run(self, image: Image, **packets: Any) -> dict[str, Any]:
        """Output packets by stream for an image and further input packets; an empty packet means no result."""
        from mediapipe.python import packet_creator
        from mediapipe.python._framework_bindings import image_frame

        frame = packet_creator.create_image_frame(
            data=np.ascontiguousarray(image), image_format=image_frame.ImageFormat.SRGB
        )
        self._time += 1
        self._packets.clear()
        for stream, packet in {"image": frame, **packets}.items():
            self._graph.add_packet_to_input_stream(stream, packet.at(self._time))
        self._graph.wait_until_idle()
        return self._packets

    def close(self) -> None:
        """Stop the graph and its threads."""
        self._graph.close_all_packet_sources()
        self._graph.wait_until_done()


def _expanded(text: str, threshold: float) -> tuple[Any, str]:
    """The graph with its sub-graphs written out and its score thresholds replaced; the presence score's stream."""
    from google.protobuf import text_format
    from mediapipe.calculators.tensor import tensors_to_detections_calculator_pb2 as detections_pb2
    from mediapipe.calculators.util import thresholding_calculator_pb2 as thresholding_pb2
    from mediapipe.framework import calculator_pb2
    from mediapipe.python._framework_bindings import validated_graph_config

    validated = validated_graph_config.ValidatedGraphConfig()
    validated.initialize(graph_config=text_format.Parse(text, calculator_pb2.CalculatorGraphConfig()))
    config = calculator_pb2.CalculatorGraphConfig.FromString(validated.binary_config)
    score = ""
    for node in config.node:
        if node.calculator == "TensorsToDetectionsCalculator":
            options = detections_pb2.TensorsToDetectionsCalculatorOptions()
            node.node_options[0].Unpack(options)
            options.min_score_thresh = threshold
            node.node_options[0].Pack(options)
        elif node.calculator == "ThresholdingCalculator":
            node.options.Extensions[thresholding_pb2.ThresholdingCalculatorOptions.ext].threshold = threshold
            score = node.input_stream[0].split(":")[-1]
            config.output_stream.append(score)
    return config, score


class FaceSearch:
    """The full-range face network."""

    def __init__(self, threshold: float) -> None:
        """Report faces with a score of at least ``threshold``. Raises ``DetectorUnavailable``."""
        self._graph = _Graph(_SEARCH_GRAPH, threshold, {})
        self.close = self._graph.close

    def __call__(self, crop: Image) -> NDArray[np.float64]:
        """Faces in a (192, 192, 3) crop: (N, 17), box left, top, right, bottom, then 6 points (x, y), then the score.

        Pixels of the crop. The points are right eye, left eye, nose tip, mouth, right and left ear (subject's sides).
        """
        from mediapipe.python import packet_getter

        packet = self._graph.run(crop)["detections"]
        found = [] if packet.is_empty() else packet_getter.get_proto_list(packet)
        rows = []
        for face in found:
            box = face.location_data.relative_bounding_box
            row = [box.xmin, box.ymin, box.xmin + box.width, box.ymin + box.height]
            row += [v for point in face.location_data.relative_keypoints for v in (point.x, point.y)]
            rows.append([v * CROP for v in row] + [face.score[0]])
        return np.array(rows, dtype=np.float64).reshape(-1, 17)


class AttentionMesh:
    """The 478-point network with attention for eyes and lips: a :class:`engine.detect.looks.LandmarkNetwork`."""

    size = CROP

    def __init__(self) -> None:
        """Raises ``DetectorUnavailable``."""
        self._graph = _Graph(_LANDMARK_GRAPH, -1.0, {"with_attention": True})
        self.close = self._graph.close
        with quiet():  # the first run warns that a square region is needed, which it is
            self(np.zeros((CROP, CROP, 3), np.uint8))

    def __call__(self, crop: Image) -> Look:
        """Look at a crop (192, 192, 3)."""
        from mediapipe.framework.formats import rect_pb2
        from mediapipe.python import packet_creator, packet_getter

        whole = rect_pb2.NormalizedRect(x_center=0.5, y_center=0.5, width=1, height=1)
        packets = self._graph.run(crop, roi=packet_creator.create_proto(whole))
        score = float(packet_getter.get_float(packets[self._graph.score]))
        points = packet_getter.get_proto(packets["landmarks"]).landmark
        return Look(np.array([(p.x, p.y, p.z) for p in points], dtype=np.float64) * CROP, score)
