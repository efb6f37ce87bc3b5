import { t } from "../language/t";

interface Props {
  /** Whether the panel is open. */
  open: boolean;
  onOpen(): void;
}

/** The first thing that Tab reaches: past the tools of the canvas, to the panel, which it opens. */
export function SkipLink({ open, onOpen }: Props) {
  const skip = (event: React.MouseEvent) => {
    event.preventDefault();
    if (!open) onOpen();
    requestAnimationFrame(() => {
      const panel = document.getElementById("panel-body");
      if (!panel) return;
      panel.tabIndex = -1; // it can be focused, but is no stop of Tab
      panel.focus();
    });
  };
  return <a className="skip" href="#panel-body" onClick={skip}>{t("Skip to “Make a picture”")}</a>;
}
