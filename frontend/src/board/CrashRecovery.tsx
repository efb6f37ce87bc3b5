import { Component, lazy, Suspense } from "react";
import { BrokenPage } from "../errors/ErrorBoundary";
import { Quarantine } from "../canvas/Quarantine";
import { Board } from "./Board";
import type { LastScene } from "../canvas/CanvasSession";
import type { BoardConfig } from "../canvas/config";

const BrokenElementSearch = lazy(() => import("./BrokenElementSearch"));
const memory_ms = 5 * 60_000;
const most_crashes = 5;

/**
 * The board, and what happens when it breaks: the elements that did it are found and set aside, and it opens again as
 * after a reload, with everything else. What is not saved is kept on this device meanwhile.
 */
export class CrashRecovery extends Component<{ config: BoardConfig }, { phase: "open" | "searching" | "broken"; life: number }> {
  override state = { phase: "open" as const, life: 0 };
  private readonly aside = new Quarantine();
  private readonly last: LastScene = { elements: [], inHand: [] };
  /** When it broke, ms, and what was in hand. */
  private crashes: { at: number; inHand: readonly string[] }[] = [];

  static getDerivedStateFromError() {
    return { phase: "searching" };
  }

  override componentDidCatch() {
    const now = Date.now();
    this.crashes = [...this.crashes.filter(({ at }) => now - at < memory_ms), { at: now, inHand: this.last.inHand }];
    if (this.crashes.length > most_crashes || !this.last.elements.length) this.setState({ phase: "broken" });
  }

  /** Nothing breaks by being there: then what was worked on, if that is not the first time. */
  private readonly found = (ids: readonly string[]): void => {
    const [crash, before] = this.crashes.toReversed();
    const again = crash && before ? crash.inHand.filter((id) => before.inHand.includes(id)) : [];
    this.aside.ban(ids.length ? ids : again);
    this.aside.clear();
    this.setState(({ life }) => ({ phase: "open", life: life + 1 }));
  };

  override render() {
    const { phase, life } = this.state as { phase: "open" | "searching" | "broken"; life: number };
    if (phase === "broken") return <BrokenPage />;
    if (phase === "open") return <Board key={life} config={this.props.config} aside={this.aside} last={this.last} />;
    return (
      <div className="atelier board-page">
        <p className="ours opening" role="status">Something on this board broke the page. Looking for it…</p>
        <Suspense>
          <BrokenElementSearch elements={this.last.elements} onFound={this.found} />
        </Suspense>
      </div>
    );
  }
}
