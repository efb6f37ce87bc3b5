import { Component, type ReactNode } from "react";
import "./ErrorBoundary.css";

/** Catches what breaks the canvas, says so, and offers the one thing that helps. What was drawn is on the server. */
export class ErrorBoundary extends Component<{ children: ReactNode }, { broken: boolean }> {
  override state = { broken: false };

  static getDerivedStateFromError() {
    return { broken: true };
  }

  override render() {
    if (!this.state.broken) return this.props.children;
    return (
      <div className="atelier">
        <main className="ours broken" role="alert">
          <h1>The board stopped working.</h1>
          <p>What the chip called Saved is safe, and what it did not is kept on this device.</p>
          <button type="button" className="button primary" onClick={() => location.reload()}>
            Reload board
          </button>
        </main>
      </div>
    );
  }
}
