import { Component, lazy, Suspense } from "react";
import { BrokenPage } from "../errors/ErrorBoundary";
import { Quarantine } from "../canvas/Quarantine";
import { Board } from "./Board";
import type { LastScene } from "../canvas/CanvasSession";
import type { BoardConfig } from "../canvas/config";
import { t } from "../language/t";

const BrokenElementSearch = lazy(() => import("./BrokenElementSearch"));
const memory_ms = 5 * 60_000;
const most_crashes = 5;

/**
 * The board, and the recovery from a crash of its canvas.
 *
 * Searches the elements of the last scene for those that crash it, puts them into quarantine, and opens the board again as
 * a reload would. What is not saved is stored on this device meanwhile. Gives up after `most_crashes` within `memory_ms`.
 */
export class CrashRecovery extends Component<{ config: BoardConfig }, { phase: "open" | "searching" | "broken"; life: number }> {
  override state = { phase: "open" as const, life: 0 };
  private readonly quarantine = new Quarantine();
  private readonly lastScene: LastScene = { elements: [], selected: [] };
  /** Times in ms, and the ids of what was being edited. */
  private crashes: { at: number; selected: readonly string[] }[] = [];

  static getDerivedStateFromError() {
    return { phase: "searching" };
  }

  override componentDidCatch() {
    const now = Date.now();
    this.crashes = [...this.crashes.filter(({ at }) => now - at < memory_ms), { at: now, selected: this.lastScene.selected }];
    if (this.crashes.length > most_crashes || !this.lastScene.elements.length) this.setState({ phase: "broken" });
  }

  /** ids: the elements that crash the canvas; empty: none does by itself, so what was edited at both last crashes is banned. */
  private readonly found = (ids: readonly string[]): void => {
    const [crash, before] = this.crashes.toReversed();
    const again = crash && before ? crash.selected.filter((id) => before.selected.includes(id)) : [];
    this.quarantine.ban(ids.length ? ids : again);
    this.quarantine.clear();
    this.setState(({ life }) => ({ phase: "open", life: life + 1 }));
  };

  override render() {
    const { phase, life } = this.state as { phase: "open" | "searching" | "broken"; life: number };
    if (phase === "broken") return <BrokenPage />;
    if (phase === "open") return <Board key={life} config={this.props.config} quarantine={this.quarantine} lastScene={this.lastScene} />;
    return (
      <div className="atelier board-page">
        <p className="ours opening" role="status">{t("Something on this board crashed the page. Searching for it…")}</p>
        <Suspense>
          <BrokenElementSearch elements={this.lastScene.elements} onFound={this.found} />
        </Suspense>
      </div>
    );
  }
}
