// Dragging in the calendar. Without this file "Pindahkan ke…" does the same.
(() => {
  "use strict";
  const form = document.querySelector("[data-move-form]");
  if (!form) return;
  let dragged = null;

  // Dropped on a day the time stays; dropped on an hour the minutes stay.
  function moved(from, to) {
    return to.includes("T") ? `${to}${from.slice(13)}` : `${to}${from.slice(10)}`;
  }

  document.addEventListener("dragstart", (event) => {
    dragged = event.target.closest?.("[data-move]") ?? null;
    if (!dragged) return;
    event.dataTransfer.effectAllowed = "move";
    event.dataTransfer.setData("text/plain", dragged.dataset.at);
    dragged.classList.add("dragged");
  });
  document.addEventListener("dragend", () => {
    dragged?.classList.remove("dragged");
    document.querySelectorAll(".over").forEach((one) => one.classList.remove("over"));
    dragged = null;
  });
  document.addEventListener("dragover", (event) => {
    const place = dragged && event.target.closest("[data-drop]");
    if (!place) return;
    event.preventDefault();
    if (place.classList.contains("over")) return;
    document.querySelectorAll(".over").forEach((one) => one.classList.remove("over"));
    place.classList.add("over");
  });
  document.addEventListener("drop", (event) => {
    const place = dragged && event.target.closest("[data-drop]");
    if (!place) return;
    event.preventDefault();
    const to = moved(dragged.dataset.at, place.dataset.drop);
    if (to === dragged.dataset.at) return;
    form.action = dragged.dataset.move;
    form.elements.publish_at.value = to;
    form.submit();
  });
})();
