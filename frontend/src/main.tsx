import "@excalidraw/excalidraw/index.css";
import "@fontsource/assistant/400.css";
import "@fontsource/assistant/600.css";
import "../../webapp/static/atelier/tokens.css";
import "./ui/page.css";
import "./ui/controls.css";
import { createRoot } from "react-dom/client";
import { readConfig } from "./canvas/config";
import { CrashRecovery } from "./board/CrashRecovery";
import { loadLanguage } from "./language/load";
import { whenIdle } from "./room/Pace";

await loadLanguage(document.documentElement.lang);
createRoot(document.getElementById("root")!).render(<CrashRecovery config={readConfig(document)} />);
// After the first paint, which must not wait: most boards need none of these fonts, and texts are redrawn when they arrive.
whenIdle(() => void import("./canvas/scriptFonts"));
