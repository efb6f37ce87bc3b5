import { accepted } from "./files";

/** Opens the browser's file picker. Call it in answer to a click or key, or the browser refuses. */
export function pickFiles(take: (files: File[]) => void): void {
  const input = Object.assign(document.createElement("input"), { type: "file", accept: accepted, multiple: true, hidden: true });
  input.dataset.testid = "import-file";
  input.addEventListener("change", () => {
    input.remove();
    if (input.files?.length) take([...input.files]);
  });
  input.addEventListener("cancel", () => input.remove());
  document.body.append(input);
  input.click();
}
