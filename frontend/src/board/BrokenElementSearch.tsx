import { useEffect, useMemo, useState } from "react";
import { ErrorBoundary } from "../errors/ErrorBoundary";
import { Bisection } from "./Bisection";
import { bringIntoView, Excalidraw, langCode, replaceScene, type BoardApi, type SceneElement } from "../canvas/excalidraw";
import "./BrokenElementSearch.css";

const drawn_ms = 150; // Excalidraw draws a frame or two after it was given elements

interface Props {
  elements: readonly SceneElement[];
  onFound(ids: readonly string[]): void;
}

/** Finds the elements that crash the canvas by rendering parts of the scene on hidden canvases. */
export default function BrokenElementSearch({ elements, onFound }: Props) {
  const bisection = useMemo(() => new Bisection(elements), [elements]);
  const [trial, setTrial] = useState(() => ({ number: 0, part: bisection.next() }));
  useEffect(() => {
    if (!trial.part) onFound(bisection.found.map(({ id }) => id));
  }, [trial, bisection, onFound]);
  if (!trial.part) return null;
  const report = (holds: boolean) => {
    bisection.report(holds);
    setTrial({ number: trial.number + 1, part: bisection.next() });
  };
  return (
    <ErrorBoundary key={trial.number} fallback={() => null} onError={() => report(false)}>
      <Trial elements={trial.part} report={report} />
    </ErrorBoundary>
  );
}

function Trial({ elements, report }: { elements: readonly SceneElement[]; report(holds: boolean): void }) {
  const [api, setApi] = useState<BoardApi | null>(null);
  const [loaded, setLoaded] = useState(false);
  useEffect(() => {
    if (!api || !loaded) return;
    try {
      replaceScene(api, elements.map((element) => ({ ...element })));
      bringIntoView(api, elements.filter(({ isDeleted }) => !isDeleted), false);
    } catch {
      report(false);
      return;
    }
    const timer = setTimeout(() => report(true), drawn_ms);
    return () => clearTimeout(timer);
    // eslint-disable-next-line react-hooks/exhaustive-deps -- one trial, one answer
  }, [api, loaded]);
  return (
    <div className="trial" aria-hidden="true" inert>
      <Excalidraw langCode={langCode()} excalidrawAPI={setApi} onChange={() => setLoaded(true)} validateEmbeddable={false} aiEnabled={false} />
    </div>
  );
}
