// Before the first paint: the theme that was chosen on a board. Without one, the system's preference counts (tokens.css).
(() => {
  const name = "atelier:theme";
  const apply = (theme) => {
    if (theme === "dark" || theme === "light") document.documentElement.dataset.theme = theme;
    else delete document.documentElement.dataset.theme;
  };
  try {
    apply(localStorage.getItem(name));
  } catch {
    return; // storage is forbidden
  }
  addEventListener("storage", (event) => {
    if (event.key === name) apply(event.newValue);
  });
})();
