// The order of a subject's topics by dragging. The buttons Move up and Move down are forms.
import { Curriculum } from "../../sdk/typescript/src/curriculum.js";
import { client } from "./client";
import { announce, text } from "./status";
import { say } from "./words";

function start(list: HTMLElement): void {
  let dragged: HTMLElement | undefined;
  let before: Element[] = [];
  let dropped = false;

  const number = () => {
    const rows = [...list.children];
    rows.forEach((row, index) => {
      const place = row.querySelector(".place");
      if (place) place.textContent = String(index + 1);
      const buttons = row.querySelectorAll<HTMLButtonElement>(".square");
      if (buttons[0]) buttons[0].disabled = index === 0;
      if (buttons[1]) buttons[1].disabled = index === rows.length - 1;
    });
  };

  async function store(row: HTMLElement): Promise<void> {
    const rows = [...list.children] as HTMLElement[];
    number();
    try {
      const ids = rows.map((each) => each.dataset.id ?? "");
      await new Curriculum(client()).orderTopics(list.dataset.order ?? "", ids);
      const name = row.dataset.name ?? "";
      announce(say("moved", { name, place: rows.indexOf(row) + 1, total: rows.length }));
    } catch {
      list.replaceChildren(...before);
      number();
      announce(text("notMoved"));
    }
  }

  list.addEventListener("dragstart", (event) => {
    if (!(event.target instanceof HTMLElement)) return;
    dragged = event.target.closest<HTMLElement>(".topic") ?? undefined;
    before = [...list.children];
    dropped = false;
    event.dataTransfer?.setData("text/plain", dragged?.dataset.name ?? "");
    dragged?.classList.add("dragged");
  });
  list.addEventListener("dragover", (event) => {
    const over = (event.target as Element).closest<HTMLElement>(".topic");
    if (!dragged) return;
    event.preventDefault();
    if (!over || over === dragged) return;
    const box = over.getBoundingClientRect();
    const below = event.clientY > box.top + box.height / 2;
    list.insertBefore(dragged, below ? over.nextElementSibling : over);
  });
  list.addEventListener("drop", (event) => {
    event.preventDefault();
    dropped = true;
  });
  list.addEventListener("dragend", () => {
    const row = dragged;
    dragged = undefined;
    if (!row) return; // selected text was dragged
    row.classList.remove("dragged");
    // Escape, or letting go outside of the list, changes nothing.
    if (!dropped) return list.replaceChildren(...before);
    if ([...list.children].some((each, index) => each !== before[index])) void store(row);
  });
  for (const row of list.children as HTMLCollectionOf<HTMLElement>) row.draggable = true;
  const hint = document.querySelector<HTMLElement>(".only-drag");
  if (hint) hint.hidden = false;
}

const list = document.querySelector<HTMLElement>("[data-order]");
// Only a list with all topics can be ordered as a whole.
if (list && list.dataset.partial === undefined) start(list);
