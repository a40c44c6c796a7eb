import { type KeyboardEvent, type PointerEvent, useRef } from 'react';
import { clampShare } from './layout.ts';

/** A border that moves: by pointer, by arrow keys (Home and End for the ends), double click puts it back. */
export function Splitter({
  orientation,
  label,
  share,
  initial,
  onShare,
}: {
  /** `vertical` is a vertical bar between left and right */
  orientation: 'vertical' | 'horizontal';
  label: string;
  share: number;
  initial: number;
  onShare: (share: number) => void;
}) {
  const dragging = useRef(false);
  const vertical = orientation === 'vertical';

  function move(event: PointerEvent<HTMLElement>) {
    if (!dragging.current) return;
    const box = event.currentTarget.parentElement?.getBoundingClientRect();
    if (!box) return;
    onShare(clampShare(vertical ? (event.clientX - box.left) / box.width : (event.clientY - box.top) / box.height));
  }

  function key(event: KeyboardEvent) {
    const step = event.shiftKey ? 0.1 : 0.02;
    const next: Record<string, number> = {
      [vertical ? 'ArrowLeft' : 'ArrowUp']: share - step,
      [vertical ? 'ArrowRight' : 'ArrowDown']: share + step,
      Home: 0,
      End: 1,
    };
    if (!(event.key in next)) return;
    event.preventDefault();
    event.stopPropagation();
    onShare(clampShare(next[event.key]));
  }

  return (
    // biome-ignore lint/a11y/useSemanticElements: a movable separator is a widget, <hr> is not
    <div
      role="separator"
      tabIndex={0}
      aria-label={label}
      aria-orientation={orientation}
      aria-valuenow={Math.round(share * 100)}
      aria-valuemin={15}
      aria-valuemax={85}
      onKeyDown={key}
      onDoubleClick={() => onShare(initial)}
      onPointerDown={(event) => {
        dragging.current = true;
        event.currentTarget.setPointerCapture(event.pointerId);
      }}
      onPointerMove={move}
      onPointerUp={() => {
        dragging.current = false;
      }}
      className={`relative z-10 shrink-0 touch-none bg-ground hover:bg-faint focus-visible:bg-accent ${vertical ? 'w-[5px] cursor-col-resize' : 'h-[5px] cursor-row-resize'}`}
    />
  );
}
