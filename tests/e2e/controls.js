/** Every control that can be seen on the page: name, ours or Excalidraw's, the part of its box in sight, and whether that is all. */
() => {
  const chosen = [
    ".ours button", ".ours a", ".ours input", ".ours select", ".ours textarea", ".ours summary", ".status-chip",
    ".excalidraw label.ToolIcon", ".excalidraw button:not(label button)",
  ].join();
  const scrolls = (style) => /auto|scroll|hidden/.test(style.overflowX + style.overflowY);
  const sightOf = (element) => {
    const box = element.getBoundingClientRect();
    const seen = { left: box.left, top: box.top, right: box.right, bottom: box.bottom };
    for (let around = element.parentElement; around; around = around.parentElement) {
      if (!scrolls(getComputedStyle(around)) || around === document.body) continue;
      const edge = around.getBoundingClientRect();
      seen.left = Math.max(seen.left, edge.left);
      seen.right = Math.min(seen.right, edge.right);
      seen.top = Math.max(seen.top, edge.top);
      seen.bottom = Math.min(seen.bottom, edge.bottom);
    }
    return { box, seen };
  };
  const found = [];
  for (const control of document.querySelectorAll(chosen)) {
    const holder = control.matches("input[type=checkbox]") ? (control.closest("label") ?? control) : control;
    if (!holder.checkVisibility({ opacityProperty: true, visibilityProperty: true })) continue;
    const { box, seen } = sightOf(holder);
    if (seen.right - seen.left < 2 || seen.bottom - seen.top < 2) continue;
    found.push({
      name: holder.getAttribute("aria-label") || holder.title || holder.textContent.trim() || holder.dataset.testid || holder.className,
      ours: holder.closest(".ours") !== null,
      control: holder.tagName !== "OUTPUT",
      panel: holder.closest(".panel-body") !== null,
      sticky: holder.closest(".generate-line") !== null,
      tools: holder.closest(".App-toolbar--mobile") !== null,
      width: box.width, height: box.height,
      left: seen.left, top: seen.top, right: seen.right, bottom: seen.bottom,
      whole: box.left >= seen.left - 0.5 && box.right <= seen.right + 0.5 && box.top >= seen.top - 0.5 && box.bottom <= seen.bottom + 0.5,
    });
  }
  return found;
}
