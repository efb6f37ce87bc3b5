import { useEffect, useRef, type ReactNode } from "react";
import { t } from "../language/t";
import { CloseIcon } from "./icons";
import "./Dialog.css";

/** Focuses what had the focus before; the canvas where that is gone, as an item of a menu is. */
function giveBack(before: Element | null): void {
  queueMicrotask(() => {
    if (document.activeElement !== document.body) return;
    const there = before instanceof HTMLElement && before.isConnected && before !== document.body;
    (there ? before : document.querySelector<HTMLElement>(".excalidraw"))?.focus();
  });
}

interface Props {
  title: string;
  onClose(): void;
  children: ReactNode;
  /** The title is its name alone: it is not shown, nor is there a button that closes it. */
  bare?: boolean;
  className?: string;
}

/** A modal dialog, with the browser's handling of focus, Escape and screen readers. */
export function Dialog({ title, onClose, children, bare = false, className = "" }: Props) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const element = dialog.current!;
    const before = document.activeElement;
    if (!element.open) element.showModal();
    return () => giveBack(before);
  }, []);
  useEffect(() => {
    // When what had the focus disappears, keys land on the page, where the canvas takes them (and Escape) for its own.
    const guard = (event: KeyboardEvent) => {
      if (event.key === "Escape") onClose();
      if (event.key === "Escape" || !dialog.current?.contains(event.target as Node)) event.stopPropagation();
    };
    window.addEventListener("keydown", guard, { capture: true });
    return () => window.removeEventListener("keydown", guard, { capture: true });
  }, [onClose]);
  const onBackdrop = (event: React.MouseEvent) => {
    if (event.target === dialog.current) onClose();
  };
  // Keys typed here are not shortcuts of the canvas.
  return (
    <dialog ref={dialog} className={`ours dialog ${className}`} aria-label={title} onClose={onClose} onClick={onBackdrop} onKeyDown={(event) => event.stopPropagation()}>
      <div className="dialog-body">
        {!bare && (
          <header>
            <h2>{title}</h2>
            <button type="button" className="button plain icon" aria-label={t("Close")} onClick={onClose}>
              <CloseIcon />
            </button>
          </header>
        )}
        {children}
      </div>
    </dialog>
  );
}
