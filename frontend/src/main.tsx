import "@excalidraw/excalidraw/index.css";
import "./ui/tokens.css";
import "./ui/controls.css";
import { createRoot } from "react-dom/client";
import { Board } from "./board/Board";
import { readConfig } from "./board/config";
import { ErrorBoundary } from "./errors/ErrorBoundary";

createRoot(document.getElementById("root")!).render(
  <ErrorBoundary>
    <Board config={readConfig(document)} />
  </ErrorBoundary>,
);
