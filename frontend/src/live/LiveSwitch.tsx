import { useEffect, useImperativeHandle, useRef, useSyncExternalStore, type Ref } from "react";
import type { Params } from "../api/types";
import type { RoomClient } from "../room/RoomClient";
import { t } from "../language/t";
import "./Live.css";

const settle_ms = 500;

interface Props {
  room: RoomClient;
  frame: string;
  params: Params;
  ref?: Ref<LiveHandle>;
}

/** What the switch does, for others than its button. */
export interface LiveHandle {
  on: boolean;
  disabled: boolean;
  flip(): void;
}

/** Switches live redraw of a frame on and off. While it is on, changed params are sent after a short pause. */
export function LiveSwitch({ room, frame, params, ref }: Props) {
  const { live } = room;
  const now = useSyncExternalStore((listener) => live.changed.on(listener), () => live.now);
  const here = now?.frame === frame;
  const mine = now?.host.session === room.session;
  const current = JSON.stringify(params);
  const sentParams = useRef("");

  const on = here && mine;
  useEffect(() => {
    if (!on || sentParams.current === current) return;
    const timer = setTimeout(() => {
      sentParams.current = current;
      live.start(frame, JSON.parse(current) as Params);
    }, settle_ms);
    return () => clearTimeout(timer);
  }, [on, current, live, frame]);

  const flip = () => {
    if (here) return live.stop();
    sentParams.current = current;
    live.start(frame, params);
  };

  const taken = now !== null && !here && !mine;
  const disabled = taken || (!here && !params.prompt);
  useImperativeHandle(ref, () => ({ on: here, disabled, flip }));
  return (
    <div className="live-switch">
      <button type="button" role="switch" aria-checked={here} className="live-toggle" data-testid="live-switch" disabled={disabled} onClick={flip}>
        <i aria-hidden="true" />
        <span>{t("Live")}</span>
      </button>
      <span className="quiet">{taken ? t("{name} is live on another frame.", { name: now.host.name }) : here && !mine ? t("{name} is drawing live.", { name: now.host.name }) : t("Redraws the frame while you draw.")}</span>
    </div>
  );
}
