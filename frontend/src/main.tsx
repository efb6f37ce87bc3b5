import "@excalidraw/excalidraw/index.css";
import "./ui/tokens.css";
import "./ui/controls.css";
import { createRoot } from "react-dom/client";
import { readConfig } from "./board/config";
import { Rescue } from "./board/Rescue";

createRoot(document.getElementById("root")!).render(<Rescue config={readConfig(document)} />);
