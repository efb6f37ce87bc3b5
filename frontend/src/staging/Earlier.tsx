import { lazy, Suspense, useState } from "react";
import type { PicturesProps } from "./Pictures";
import { t } from "../language/t";

const Pictures = lazy(() => import("./Pictures"));

/** The earlier pictures, folded; loaded when they are opened. */
export function Earlier(props: PicturesProps) {
  const [open, setOpen] = useState(false);
  return (
    <details className="advanced" data-testid="earlier" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>{t("Earlier pictures")}</summary>
      {open && <Suspense><Pictures {...props} /></Suspense>}
    </details>
  );
}
