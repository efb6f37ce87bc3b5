import { Component, type ReactNode } from "react";
import { t } from "../language/t";
import "./ErrorBoundary.css";

interface Props {
  children: ReactNode;
  /** Rendered in place of children that threw; again: renders them once more. */
  fallback(again: () => void): ReactNode;
  onError?(error: unknown): void;
}

/** Catches errors of its children while they render. */
export class ErrorBoundary extends Component<Props, { broken: boolean }> {
  override state = { broken: false };

  static getDerivedStateFromError() {
    return { broken: true };
  }

  override componentDidCatch(error: unknown) {
    this.props.onError?.(error);
  }

  override render() {
    return this.state.broken ? this.props.fallback(() => this.setState({ broken: false })) : this.props.children;
  }
}

/** The page after a crash that could not be recovered. */
export function BrokenPage() {
  return (
    <div className="atelier">
      <main className="ours broken" role="alert">
        <h1>{t("The board stopped working.")}</h1>
        <p>{t("Everything that was saved is safe. Other changes are kept on this device.")}</p>
        <button type="button" className="button primary" onClick={() => location.reload()}>
          {t("Reload board")}
        </button>
      </main>
    </div>
  );
}

/** A part of the page that may crash alone: the rest goes on, and the part can be tried again. */
export function Part({ name, children }: { name: string; children: ReactNode }) {
  const fallback = (again: () => void) => (
    <div className="ours part-broken" role="alert">
      <p>{t("{name} stopped working. The rest of the board still works.", { name })}</p>
      <button type="button" className="button small" onClick={again}>{t("Try again")}</button>
    </div>
  );
  return <ErrorBoundary fallback={fallback}>{children}</ErrorBoundary>;
}
