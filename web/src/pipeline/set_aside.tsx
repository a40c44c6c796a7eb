import { keepPreviousData, useQuery, useQueryClient } from '@tanstack/react-query';
import { type KeyboardEvent, useDeferredValue, useEffect, useRef, useState } from 'react';
import type { SetAsideCount, SetAsideEntry } from '#model/api/pipeline.ts';
import { PaneMessage, PaneSkeleton } from '../app/pane.tsx';
import { getSetAside, getSetAsideCounts, type SetAsideFilter } from '../lib/api/endpoints.ts';
import { ageSeconds, formatAge, formatCount, words } from '../lib/time/format.ts';
import { useNow } from '../lib/time/use_now.ts';
import { mayEngineer, useSession } from '../session/session_store.ts';
import { ResubmitAll } from './resubmit_all.tsx';
import { SetAsideDetail } from './set_aside_detail.tsx';
import { SectionHead } from './table.tsx';

const pageSize = 50;

/** Records that were refused: found, read, corrected, submitted again or dismissed. */
export function SetAsideBrowser() {
  const session = useSession(({ now }) => (now.state === 'in' ? now.session : null));
  return (
    <>
      <SectionHead title="Set-aside records">
        Refused at the door, kept with their reason; each stays counted where it was refused.
      </SectionHead>
      {session && mayEngineer(session) ? (
        <Browser />
      ) : (
        <p className="py-2 text-dim">Engineers see the records themselves: they hold what senders sent.</p>
      )}
    </>
  );
}

function Browser() {
  const [filter, setFilter] = useState<SetAsideFilter>({ state: 'open' });
  /** first ids of the pages before this one, newest page first */
  const [pages, setPages] = useState<(number | null)[]>([null]);
  const [selectedId, setSelectedId] = useState<number | null>(null);
  const client = useQueryClient();
  const asked = useDeferredValue(filter);
  const before = pages[pages.length - 1];
  const records = useQuery({
    queryKey: ['set-aside', asked, before],
    queryFn: ({ signal }) => getSetAside({ ...asked, text: asked.text || undefined }, before, pageSize, signal),
    placeholderData: keepPreviousData,
    refetchInterval: 10_000,
  });
  const counts = useQuery({
    queryKey: ['set-aside-counts'],
    queryFn: ({ signal }) => getSetAsideCounts(signal),
    refetchInterval: 10_000,
  });
  const change = (part: SetAsideFilter) => {
    setFilter({ ...filter, ...part });
    setPages([null]);
  };
  const rows = records.data ?? [];
  const selected = rows.find(({ id }) => id === selectedId) ?? rows[0];
  const changed = () => {
    void client.invalidateQueries({ queryKey: ['set-aside'] });
    void client.invalidateQueries({ queryKey: ['set-aside-counts'] });
    void client.invalidateQueries({ queryKey: ['pipeline'] });
  };

  return (
    <div className="border border-rule">
      <Filters filter={filter} counts={counts.data ?? []} change={change} />
      <ResubmitAll filter={filter} counts={counts.data ?? []} done={changed} />
      {records.isPending ? (
        <PaneSkeleton rows={5} />
      ) : records.isError && !records.data ? (
        <PaneMessage
          title="The records could not be read"
          bad
          action={{ label: 'Try again', run: () => void records.refetch() }}
        >
          {records.error.message}
        </PaneMessage>
      ) : rows.length === 0 ? (
        <PaneMessage title={nothingSays(filter, pages.length > 1)} />
      ) : (
        <div className="grid lg:grid-cols-[minmax(0,5fr)_minmax(0,6fr)]">
          <div className="min-w-0 border-rule lg:border-r">
            <List rows={rows} selectedId={selected.id} select={setSelectedId} />
            <div className="flex items-center gap-2 border-t border-rule px-2 py-1.5">
              <button
                type="button"
                className="button"
                disabled={pages.length === 1}
                onClick={() => setPages(pages.slice(0, -1))}
              >
                Newer
              </button>
              <button
                type="button"
                className="button"
                disabled={rows.length < pageSize}
                onClick={() => setPages([...pages, rows[rows.length - 1].id])}
              >
                Older
              </button>
              <span className="text-[12px] text-dim">page {pages.length}</span>
            </div>
          </div>
          <SetAsideDetail key={selected.id} entry={selected} done={changed} />
        </div>
      )}
    </div>
  );
}

function nothingSays(filter: SetAsideFilter, isPaged: boolean): string {
  if (isPaged) return 'No older records';
  if (filter.source || filter.code || filter.text) return 'No record matches';
  if (filter.state === 'open') return 'No open record: everything that came in is stored or settled';
  return 'No such record yet';
}

/** Totals of one field, under the other filters that are set. */
function choices(counts: SetAsideCount[], field: 'source' | 'code', filter: SetAsideFilter): [string, number][] {
  const totals = new Map<string, number>();
  for (const row of counts) {
    if (filter.state && row.state !== filter.state) continue;
    const other = field === 'source' ? 'code' : 'source';
    if (filter[other] && row[other] !== filter[other]) continue;
    totals.set(row[field], (totals.get(row[field]) ?? 0) + row.count);
  }
  return [...totals].sort((a, b) => b[1] - a[1]);
}

function Filters({
  filter,
  counts,
  change,
}: {
  filter: SetAsideFilter;
  counts: SetAsideCount[];
  change: (part: SetAsideFilter) => void;
}) {
  const pick = (field: 'source' | 'code') => {
    const options = choices(counts, field, filter);
    const chosen = filter[field];
    return (
      <select
        className="field max-w-60 min-w-0"
        aria-label={field === 'source' ? 'Source' : 'Code'}
        value={chosen ?? ''}
        onChange={(event) => change({ [field]: event.target.value || undefined })}
      >
        <option value="">{field === 'source' ? 'all sources' : 'all codes'}</option>
        {options.map(([name, count]) => (
          <option key={name} value={name}>
            {name} ({formatCount(count)})
          </option>
        ))}
        {chosen && !options.some(([name]) => name === chosen) && <option value={chosen}>{chosen} (0)</option>}
      </select>
    );
  };
  return (
    <div className="flex flex-wrap items-center gap-2 border-b border-rule p-2">
      <select
        className="field"
        aria-label="State"
        value={filter.state ?? ''}
        onChange={(event) => change({ state: event.target.value || undefined })}
      >
        <option value="open">open</option>
        <option value="resubmitted">re-submitted</option>
        <option value="dismissed">dismissed</option>
        <option value="">any state</option>
      </select>
      {pick('source')}
      {pick('code')}
      <input
        type="search"
        className="field min-w-40 flex-1"
        aria-label="Text in record or reason"
        placeholder="Text in record or reason"
        value={filter.text ?? ''}
        onChange={(event) => change({ text: event.target.value })}
      />
    </div>
  );
}

function List({
  rows,
  selectedId,
  select,
}: {
  rows: SetAsideEntry[];
  selectedId: number;
  select: (id: number) => void;
}) {
  const now = useNow();
  const list = useRef<HTMLDivElement>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the row in the list is what the selection names
  useEffect(() => {
    list.current?.querySelector('[aria-selected="true"]')?.scrollIntoView({ block: 'nearest' });
  }, [selectedId]);
  function key(event: KeyboardEvent) {
    const at = rows.findIndex(({ id }) => id === selectedId);
    if (event.key === 'j' || event.key === 'ArrowDown') select(rows[Math.min(rows.length - 1, at + 1)].id);
    else if (event.key === 'k' || event.key === 'ArrowUp') select(rows[Math.max(0, at - 1)].id);
    else if (event.key === 'Enter') document.getElementById('set-aside-detail')?.focus();
    else return;
    event.preventDefault();
  }
  return (
    <div
      ref={list}
      role="listbox"
      aria-label="Set-aside records"
      aria-activedescendant={`set-aside-${selectedId}`}
      tabIndex={0}
      onKeyDown={key}
      className="max-h-60 overflow-auto lg:h-96 lg:max-h-none"
    >
      {rows.map((row) => (
        // biome-ignore lint/a11y/useKeyWithClickEvents: the list takes the keys
        <div
          key={row.id}
          id={`set-aside-${row.id}`}
          role="option"
          tabIndex={-1}
          aria-selected={row.id === selectedId}
          onClick={() => select(row.id)}
          className={`cursor-pointer border-b border-rule px-2.5 py-1.5 ${row.id === selectedId ? 'bg-chosen' : 'hover:bg-hover'}`}
        >
          <div className="flex gap-2">
            <span className="font-medium">{words(row.code)}</span>
            {row.state !== 'open' && (
              <span className="text-dim">{row.state === 'resubmitted' ? '↻ re-submitted' : '— dismissed'}</span>
            )}
            <span className="ml-auto shrink-0 text-dim">{formatAge(ageSeconds(row.received_at, now))} ago</span>
          </div>
          <div className="truncate text-dim">
            {row.source} #{row.partition} <span className="font-mono text-[11px]">{row.content}</span>
          </div>
        </div>
      ))}
    </div>
  );
}
