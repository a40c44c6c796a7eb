import type { ReactNode } from 'react';
import { useLive } from '../lib/push/live_store.ts';
import { ageSeconds, formatAge } from '../lib/time/format.ts';
import { useNow } from '../lib/time/use_now.ts';
import type { PaneName } from './url_state.ts';

/** Frame of every pane: title, what is in it, connection and age of its data, and its own window. */
export function Pane({
  name,
  title,
  summary,
  tools,
  at,
  ageLabel = 'data',
  alone,
  children,
}: {
  name: PaneName;
  title: string;
  summary?: ReactNode;
  tools?: ReactNode;
  /** when the pane's data was true; by default the live stream's newest facts */
  at?: string | null;
  ageLabel?: string;
  alone: boolean;
  children: ReactNode;
}) {
  return (
    <section
      aria-label={title}
      data-pane={name}
      tabIndex={-1}
      className="flex h-full min-h-0 min-w-0 flex-col bg-pane outline-none"
    >
      <header className="flex h-7 shrink-0 items-center gap-3 border-b border-rule px-2.5">
        <h2 className="text-[11px] font-semibold tracking-[0.08em] text-dim uppercase">{title}</h2>
        <div className="min-w-0 truncate text-[12px] text-ink">{summary}</div>
        <div className="ml-auto flex shrink-0 items-center gap-2 text-[12px]">
          {tools}
          <DataAge at={at} label={ageLabel} />
          {!alone && (
            <a
              href={`/?pane=${name}`}
              target="_blank"
              rel="noreferrer"
              title={`Open ${title.toLowerCase()} in a window of its own`}
              aria-label={`Open ${title.toLowerCase()} in a window of its own`}
              className="hidden text-dim hover:text-ink sm:block"
            >
              <svg width="13" height="13" viewBox="0 0 14 14" fill="none" stroke="currentColor" strokeWidth="1.4">
                <title>Own window</title>
                <path d="M8 2h4v4M12 2 7 7M6 3H2.5v8.5H11V8" />
              </svg>
            </a>
          )}
        </div>
      </header>
      {children}
    </section>
  );
}

/** Age of a pane's data; the mark before it is the connection. */
export function DataAge({ at, label }: { at?: string | null; label: string }) {
  const connection = useLive((live) => live.connection);
  const liveAt = useLive((live) => live.at);
  const now = useNow();
  const age = ageSeconds(at === undefined ? liveAt : at, now);
  const mark = { connecting: '○', live: '●', stale: '◐', lost: '✕' }[connection];
  const color = { connecting: 'text-dim', live: 'text-dim', stale: 'text-warn', lost: 'text-bad' }[connection];
  return (
    <span className={`whitespace-nowrap ${color}`} title={`Connection: ${connection}. Age of the ${label}.`}>
      <span aria-hidden="true" className="text-[9px]">
        {mark}
      </span>{' '}
      <span className="sr-only">{connection}, age </span>
      {formatAge(age)}
    </span>
  );
}

/** A pane that has nothing to show says why, and what can be done. */
export function PaneMessage({
  title,
  children,
  action,
  bad = false,
}: {
  title: string;
  children?: ReactNode;
  action?: { label: string; run: () => void };
  bad?: boolean;
}) {
  return (
    <div className="grid h-full min-h-0 flex-1 place-items-center overflow-auto p-4" role={bad ? 'alert' : 'status'}>
      <div className="max-w-96 text-center text-balance">
        <p className={`font-medium ${bad ? 'text-bad' : 'text-ink'}`}>{title}</p>
        {children && <div className="mt-1 text-dim">{children}</div>}
        {action && (
          <button type="button" className="button mt-3" onClick={action.run}>
            {action.label}
          </button>
        )}
      </div>
    </div>
  );
}

/** Grey bars while the first data is on its way. */
export function PaneSkeleton({ rows = 6 }: { rows?: number }) {
  return (
    <div className="grid content-start gap-2 p-3" role="status" aria-label="Loading">
      {Array.from({ length: rows }, (_, i) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: bars have no identity
        <div key={i} className="h-3.5 rounded-sm bg-hover" style={{ width: `${92 - ((i * 37) % 40)}%` }} />
      ))}
    </div>
  );
}
