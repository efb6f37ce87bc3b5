(() => {
  // Swagger UI has a dark theme of its own, which is switched by a class: it follows what all other pages follow.
  const root = document.documentElement;
  const system = matchMedia("(prefers-color-scheme: dark)");
  const apply = () => root.classList.toggle("dark-mode", (root.dataset.theme ?? (system.matches ? "dark" : "light")) === "dark");
  apply();
  system.addEventListener("change", apply);
  new MutationObserver(apply).observe(root, { attributeFilter: ["data-theme"] });
  // Its lists of values have no names for screen readers: the name of their parameter will do.
  new MutationObserver(() => {
    for (const list of document.querySelectorAll("tr[data-param-name] select:not([aria-label])")) {
      list.setAttribute("aria-label", list.closest("tr").dataset.paramName);
    }
  }).observe(root, { childList: true, subtree: true });
})();
