import { useEffect, useRef, type ReactNode } from "react";
import { ChevronIcon, PanelIcon, SparkIcon } from "../ui/icons";
import "./SidePanel.css";

interface Props {
  open: boolean;
  onToggle(): void;
  /** Shown at the right of the sheet's bar. */
  bar: ReactNode;
  children: ReactNode;
}

/** Holds the prompt panel: a column at the right, or a sheet at the bottom of narrow screens. Closed, it is one button. */
export function SidePanel({ open, onToggle, bar, children }: Props) {
  const toggle = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    // What had the focus in the body is hidden now.
    if (!open && document.activeElement?.closest("#panel-body")) toggle.current?.focus();
  }, [open]);
  return (
    <aside className="ours side-panel" data-open={open} aria-label="Make a picture" data-testid="panel">
      <header>
        <button ref={toggle} type="button" className="button plain panel-toggle" aria-expanded={open} aria-controls="panel-body" onClick={onToggle} data-testid="panel-toggle">
          <SparkIcon />
          <span className="panel-title">Make a picture</span>
          <span className="panel-fold" aria-hidden="true">{open ? <PanelIcon size={16} /> : null}</span>
          <span className="sheet-fold" aria-hidden="true"><ChevronIcon size={18} /></span>
        </button>
        <div className="sheet-bar">{bar}</div>
      </header>
      <div id="panel-body" className="panel-body" hidden={!open}>
        {children}
      </div>
    </aside>
  );
}
