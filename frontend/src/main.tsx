import "@excalidraw/excalidraw/index.css";
import "./ui/tokens.css";
import "./ui/controls.css";
import { createRoot } from "react-dom/client";
import { readConfig } from "./board/config";
import { Rescue } from "./board/Rescue";

// After the board: its texts are drawn anew as their fonts come.
setTimeout(() => void import("./board/scriptFonts"), 1_000);
createRoot(document.getElementById("root")!).render(<Rescue config={readConfig(document)} />);
