// Captions of a video: the language that the reader chose in the player is kept for other topics.
import { read, write } from "./store";

const OFF = "off";

export function followCaptions(video: HTMLVideoElement): void {
  const tracks = [...video.textTracks];
  if (!tracks.length) return;
  const chosen = read<string>("captions");
  const wanted = tracks.find(({ language }) => language === chosen);
  if (wanted || chosen === OFF) {
    for (const track of tracks) track.mode = track === wanted ? "showing" : "disabled";
  }
  video.textTracks.addEventListener("change", () => {
    const shown = tracks.find(({ mode }) => mode === "showing");
    write("captions", shown ? shown.language : OFF);
  });
}
