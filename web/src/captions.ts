// Captions of a video: the language that the reader chose in the player is kept for other topics.
import { read, write } from "./store";

const OFF = "off";

export function followCaptions(video: HTMLVideoElement): void {
  const tracks = [...video.textTracks];
  if (!tracks.length) return;
  const chosen = read<string>("captions");
  const wanted = tracks.find(({ language }) => language === chosen);
  const own = video.querySelector<HTMLTrackElement>("track[default]")?.srclang;
  let first = true;
  if (wanted || chosen === OFF) {
    for (const track of tracks) track.mode = track === wanted ? "showing" : "disabled";
  }
  video.textTracks.addEventListener("change", () => {
    const shown = tracks.find(({ mode }) => mode === "showing")?.language ?? OFF;
    // The player's own choice at the start, where the kept language is missing, does not replace it.
    if (!first || shown !== own) write("captions", shown);
    first = false;
  });
}
