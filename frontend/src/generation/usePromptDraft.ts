import { useEffect, useLayoutEffect, useRef, useState } from "react";

const settle_ms = 700;

export interface PromptDraft {
  text: string;
  /** Another person's text for the same frame, while the one typed here is kept; null if there is none. */
  theirs: string | null;
  type(text: string): void;
  /** Writes the typed text at once. */
  save(): void;
  takeTheirs(): void;
  focused(yes: boolean): void;
}

/**
 * A text that several people share while one is typing.
 *
 * Text by others replaces this one while the field has no focus; while it has, the typed text stays and theirs is offered.
 * The typed text is written `settle_ms` after the last key, on leaving the field, and by save(). key: id of the frame that the
 * text belongs to; on another key the text of the old one is written first.
 */
export function usePromptDraft(key: string, shared: string, write: (text: string) => void): PromptDraft {
  const [text, setText] = useState(shared);
  const [theirs, setTheirs] = useState<string | null>(null);
  // shared: the board's last text; written: the text written since, which the board sends back a moment later.
  const held = useRef({ key, text: shared, shared, written: null as string | null, dirty: false, focused: false, write });
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);

  const save = () => {
    clearTimeout(timer.current);
    const now = held.current;
    if (!now.dirty) return;
    now.dirty = false;
    now.written = now.text;
    now.write(now.text);
  };

  // Before anything is painted or filled in: another frame's text must not be seen, nor replaced.
  useLayoutEffect(() => {
    const now = held.current;
    if (now.key !== key) {
      save(); // with the old write: it belongs to the old key
      held.current = { key, text: shared, shared, written: null, dirty: false, focused: now.focused, write };
      setText(shared);
      setTheirs(null);
      return;
    }
    now.write = write;
    if (shared === now.shared) return;
    const mine = shared === now.text || shared === now.written;
    now.shared = shared;
    now.written = null;
    if (mine) {
      setTheirs(null);
    } else if (now.dirty || now.focused) {
      setTheirs(shared);
    } else {
      now.text = shared;
      setText(shared);
    }
  }, [key, shared, write]);

  useEffect(() => save, []); // the panel goes away

  return {
    text,
    theirs,
    type(next) {
      held.current.text = next;
      held.current.dirty = true;
      setText(next);
      clearTimeout(timer.current);
      timer.current = setTimeout(save, settle_ms);
    },
    save,
    takeTheirs() {
      const now = held.current;
      clearTimeout(timer.current);
      now.dirty = false;
      now.text = now.shared;
      setText(now.shared);
      setTheirs(null);
    },
    focused(yes) {
      held.current.focused = yes;
      if (!yes) save();
    },
  };
}
