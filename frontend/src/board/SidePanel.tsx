import { useEffect, useRef, type ReactNode } from "react";
import { t } from "../language/t";
import { ChevronIcon, PanelIcon, SparkIcon } from "../ui/icons";
import { useKeyboardHeight } from "./useKeyboardHeight";
import { useSheetDrag } from "./useSheetDrag";
import type { SidePanelState } from "./useSidePanel";
import "./SidePanel.css";

interface Props {
  panel: SidePanelState;
  /** Shown in the bar: what has no place on the canvas. */
  bar: ReactNode;
  children: ReactNode;
}

/** Holds the prompt panel: a column at the right, or a sheet at the bottom of narrow screens. */
export function SidePanel({ panel, bar, children }: Props) {
  const { open, height, sheet, setHeight, toggle } = panel;
  const aside = useRef<HTMLElement>(null);
  const drag = useSheetDrag(panel);
  useKeyboardHeight(aside);
  const toggleButton = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    // What had the focus in the body is hidden now.
    if (!open && document.activeElement?.closest("#panel-body")) toggleButton.current?.focus();
  }, [open]);
  const full = height === "full";
  return (
    <aside ref={aside} className="ours side-panel" data-open={open} data-height={height} aria-label={t("Make a picture")} data-testid="panel">
      <header {...drag}>
        <button ref={toggleButton} type="button" className="button plain panel-toggle" aria-expanded={open} aria-controls="panel-body" onClick={toggle} data-testid="panel-toggle">
          <SparkIcon />
          <span className="panel-title">{t("Make a picture")}</span>
          <span className="panel-fold" aria-hidden="true">{sheet ? <ChevronIcon size={18} /> : open ? <PanelIcon size={16} /> : null}</span>
        </button>
        {sheet && open && (
          <button type="button" className="button plain icon sheet-full" aria-label={full ? t("Lower the panel") : t("Raise the panel")} aria-pressed={full} onClick={() => setHeight(full ? "half" : "full")} data-testid="panel-full">
            <ChevronIcon size={18} />
          </button>
        )}
        {bar && <div className="panel-bar">{bar}</div>}
      </header>
      <div id="panel-body" className="panel-body" hidden={!open}>
        {children}
      </div>
    </aside>
  );
}
