import { useState } from 'react';
import { useLive } from '../lib/push/live_store.ts';
import { formatTimeSeconds } from '../lib/time/format.ts';
import { useScreen } from './screen_store.ts';
import { useTimeView } from './use_time_view.ts';

/** One quiet line at the foot: what just happened, for a newcomer; the last notes can be read later. */
export function GuideLine() {
  const [hidden, setHidden] = useState(localStorage.getItem('flux.guide') === 'off');
  const [open, setOpen] = useState(false);
  const notes = useLive((live) => live.notes);
  const view = useTimeView();
  if (hidden) return null;
  const newest = notes.at(-1);
  const hide = () => {
    localStorage.setItem('flux.guide', 'off');
    setHidden(true);
  };
  return (
    <aside aria-label="What is happening" className="relative shrink-0 border-t border-rule bg-ground">
      {open && notes.length > 0 && (
        <ol className="absolute bottom-full left-0 z-20 max-h-64 w-full max-w-2xl overflow-auto border border-rule bg-raised p-2 shadow-xl">
          {[...notes].reverse().map((note) => (
            <li key={note.at + note.text} className="flex gap-3 px-1 py-0.5">
              <time className="shrink-0 text-dim">{formatTimeSeconds(note.at, view)}</time>
              <span>{note.text}</span>
            </li>
          ))}
        </ol>
      )}
      <div className="flex h-6 items-center gap-3 px-2.5 text-[12px] text-dim">
        <button
          type="button"
          className="min-w-0 truncate text-left hover:text-ink"
          onClick={() => setOpen(!open)}
          aria-expanded={open}
        >
          {newest ? (
            <>
              <time>{formatTimeSeconds(newest.at, view)}</time> <span className="text-ink">{newest.text}</span>
            </>
          ) : (
            'Nothing has happened yet. Faults and restorations will be told here.'
          )}
        </button>
        <span className="ml-auto hidden shrink-0 items-center gap-1.5 lg:flex">
          <span className="key">j</span>
          <span className="key">k</span> move <span className="key">Enter</span> details <span className="key">z</span>{' '}
          zoom{' '}
          <button type="button" className="hover:text-ink" onClick={() => useScreen.setState({ helpOpen: true })}>
            <span className="key">?</span> all keys
          </button>
        </span>
        <button type="button" className="shrink-0 hover:text-ink" onClick={hide} aria-label="Hide this line">
          ✕
        </button>
      </div>
    </aside>
  );
}
