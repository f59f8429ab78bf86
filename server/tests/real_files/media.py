"""Tiny videos and pictures, written by ffmpeg."""

from __future__ import annotations

import subprocess
import tempfile
from functools import partial
from pathlib import Path

from imageio_ffmpeg import get_ffmpeg_exe

from tests.real_files.documents import Writer

CARD = ("-f", "lavfi", "-i", "testsrc=size=32x32:rate=10:duration=0.2")
SOUND = ("-f", "lavfi", "-i", "sine=duration=0.2")
H264 = ("-c:v", "libx264", "-pix_fmt", "yuv420p")
VP8 = ("-c:v", "libvpx")


def record(ending: str, *options: str, inputs: tuple[str, ...] = CARD) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder, f"video.{ending}")
        command = [get_ffmpeg_exe(), "-v", "error", "-y", *inputs, "-threads", "1", *options]
        subprocess.run([*command, str(target)], check=True, capture_output=True, timeout=60)
        return target.read_bytes()


MEDIA: dict[str, Writer] = {
    "ffmpeg.mp4": partial(record, "mp4", *H264),
    "ffmpeg for streaming.mp4": partial(record, "mp4", *H264, "-movflags", "+faststart"),
    "ffmpeg in fragments.mp4": partial(
        record, "mp4", *H264, "-movflags", "+frag_keyframe+empty_moov+default_base_moof"
    ),
    "ffmpeg with other brands.mp4": partial(record, "mp4", *H264, "-brand", "zzzz"),
    "ffmpeg as QuickTime.mp4": partial(record, "mp4", *H264, "-f", "mov"),
    "ffmpeg.mov": partial(record, "mov", *H264),
    "ffmpeg as MP4.mov": partial(record, "mov", *H264, "-f", "mp4"),
    "ffmpeg.webm": partial(record, "webm", *VP8),
    "ffmpeg with sound.webm": partial(
        record, "webm", *VP8, "-c:a", "libopus", inputs=(*CARD, *SOUND)
    ),
    "ffmpeg.ogv": partial(record, "ogv", "-c:v", "libtheora"),
    "ffmpeg sound.ogg": partial(record, "ogg", "-c:a", "libvorbis", inputs=SOUND),
    "ffmpeg.avi": partial(record, "avi", "-c:v", "mjpeg", "-pix_fmt", "yuvj420p"),
}
