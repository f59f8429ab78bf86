"""A lesson's video that looks like one: a drawn blackboard, ten minutes long and small."""

from __future__ import annotations

import subprocess
from pathlib import Path

import imageio_ffmpeg
from PIL import Image, ImageDraw, ImageFont

SECONDS = 600
SIZE = (1280, 720)
PAPER, INK, LINE = "#17342F", "#F4F1E8", "#5CC9BF"
BARS = [(1, 2, "1/2"), (1, 3, "1/3"), (5, 6, "1/2 + 1/3 = 5/6")]


def draw() -> Image.Image:
    """Return a picture of fractions as parts of bars."""
    picture = Image.new("RGB", SIZE, PAPER)
    pen, words = ImageDraw.Draw(picture), ImageFont.load_default(size=54)
    for row, (part, whole, text) in enumerate(BARS):
        top, width = 110 + row * 180, 560
        for number in range(whole):
            left = 110 + number * width // whole
            right = 110 + (number + 1) * width // whole
            filled = LINE if number < part else None
            pen.rectangle((left, top, right, top + 110), fill=filled, outline=INK, width=4)
        pen.text((740, top + 25), text, fill=INK, font=words)
    return picture


def film(folder: Path) -> bytes:
    """Return the picture as an MP4 file."""
    still, path = folder / "board.png", folder / "lesson.mp4"
    draw().save(still)
    source = ["-loop", "1", "-framerate", "1", "-t", str(SECONDS), "-i", str(still)]
    coding = ["-c:v", "libx264", "-pix_fmt", "yuv420p", "-preset", "ultrafast", "-g", "10"]
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-loglevel", "error", *source, *coding]
    subprocess.run([*command, "-movflags", "+faststart", str(path)], check=True)
    return path.read_bytes()
