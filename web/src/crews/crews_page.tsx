import { useMemo, useState } from 'react';
import type { Session } from '#model/api/common.ts';
import { type Crew, type CrewKind, crewKinds } from '#model/api/crews.ts';
import { DataAge, PaneMessage, PaneSkeleton } from '../app/pane.tsx';
import { useScreen } from '../app/screen_store.ts';
import { Tabs } from '../app/tabs.tsx';
import { useLive } from '../lib/push/live_store.ts';
import { formatCount } from '../lib/time/format.ts';
import { boardColumns, inColumns, kindWords, matchesBoard } from './board.ts';
import { CrewCard } from './crew_card.tsx';
import { CrewDetailView } from './crew_detail.tsx';
import { PlanList } from './plan_list.tsx';
import { useCrews } from './use_crews.ts';

const phoneTabs = [
  { name: 'board', label: 'Board' },
  { name: 'work', label: 'Without a crew' },
] as const;

/** Who is where, and who should go where. A crew is dragged onto an outage, or sent from its details. */
export function CrewsPage({ session }: { session: Session }) {
  const { query, crews: all } = useCrews();
  const selected = useScreen((screen) => (screen.selection?.kind === 'crew' ? screen.selection.id : null));
  const area = useScreen((screen) => screen.area);
  const [kind, setKind] = useState<CrewKind | ''>('');
  const [text, setText] = useState('');
  /** on a phone only one of the two fits */
  const [phoneTab, setPhoneTab] = useState<'board' | 'work'>('board');
  const shown = useMemo(
    () => (all ?? []).filter((crew) => matchesBoard(crew, { area, kind, text })),
    [all, area, kind, text],
  );
  return (
    <section aria-label="Crews" className="flex h-full min-h-0 flex-col bg-pane">
      <div className="flex shrink-0 flex-wrap items-center gap-x-3 gap-y-1 border-b border-rule px-3 py-1.5">
        <h1 className="text-[15px] font-semibold">Crews</h1>
        <Tabs label="What to see" tabs={phoneTabs} chosen={phoneTab} choose={setPhoneTab} className="lg:hidden" />
        <select
          aria-label="Kind of crew"
          className="field"
          value={kind}
          onChange={(event) => setKind(event.target.value as CrewKind | '')}
        >
          <option value="">all kinds</option>
          {crewKinds.map((one) => (
            <option key={one} value={one}>
              {kindWords[one].name}s
            </option>
          ))}
        </select>
        <input
          type="search"
          className="field w-44"
          placeholder="Crew, skill, outage"
          aria-label="Filter crews"
          value={text}
          onChange={(event) => setText(event.target.value)}
        />
        {all && (
          <span className="text-[12px] text-dim">
            {shown.length === all.length
              ? `${formatCount(all.length)} crews`
              : `${formatCount(shown.length)} of ${formatCount(all.length)} crews`}
          </span>
        )}
        <span className="ml-auto text-[12px]">
          <CrewsAge readAtMs={query.dataUpdatedAt} />
        </span>
      </div>
      {query.error && all && (
        <p role="alert" className="border-b border-rule px-3 py-1 text-bad">
          ✕ {query.error.message} Shown is what was last read.
        </p>
      )}
      <div className="flex min-h-0 flex-1">
        <div className={`min-w-0 flex-1 ${selected ? 'hidden md:flex' : 'flex'}`}>
          <div className={`min-h-0 min-w-0 flex-1 flex-col ${phoneTab === 'board' ? 'flex' : 'hidden lg:flex'}`}>
            {query.isPending ? (
              <PaneSkeleton rows={14} />
            ) : !all ? (
              <PaneMessage
                title="The crews could not be read"
                bad
                action={{ label: 'Try again', run: () => void query.refetch() }}
              >
                {query.error?.message}
              </PaneMessage>
            ) : all.length === 0 ? (
              <PaneMessage title="There are no crews yet">
                Load them with <code className="font-mono">flux crews import FILE.csv</code>.
              </PaneMessage>
            ) : (
              <Board crews={shown} selected={selected} isNarrow={selected !== null} />
            )}
          </div>
          <aside
            aria-label="Work without a crew"
            className={`min-h-0 w-full shrink-0 flex-col lg:w-[380px] lg:border-l-[5px] lg:border-ground ${phoneTab === 'work' ? 'flex' : 'hidden lg:flex'} ${selected ? 'lg:hidden min-[1700px]:flex' : ''}`}
          >
            <PlanList session={session} crews={all ?? []} />
          </aside>
        </div>
        {selected && (
          <aside
            aria-label="Crew"
            className="w-full min-w-0 shrink-0 overflow-auto md:w-[380px] md:border-l-[5px] md:border-ground"
          >
            <CrewDetailView
              key={selected}
              id={selected}
              session={session}
              onClose={() => useScreen.getState().select(null)}
            />
          </aside>
        )}
      </div>
    </section>
  );
}

/** With the push: as old as its newest message. Without: as the last look. */
function CrewsAge({ readAtMs }: { readAtMs: number }) {
  const pushedAt = useLive((live) => (live.connection === 'live' ? live.at : null));
  const readAt = readAtMs > 0 ? new Date(readAtMs).toISOString() : null;
  return <DataAge at={pushedAt ?? readAt} label="state of the crews" />;
}

function Board({ crews, selected, isNarrow }: { crews: readonly Crew[]; selected: string | null; isNarrow: boolean }) {
  const columns = inColumns(crews);
  if (crews.length === 0)
    return <PaneMessage title="No crew matches">They are outside the filter or the area.</PaneMessage>;
  return (
    <div className="min-h-0 flex-1 overflow-auto">
      {/* phones: one below the other; a board from there on */}
      <div
        className={`grid min-h-full content-start md:grid-cols-6 md:content-stretch ${isNarrow ? 'md:min-w-[780px]' : 'md:min-w-[940px]'}`}
      >
        {boardColumns.map(({ title }, i) => (
          <section
            key={title}
            aria-label={`${title}: ${columns[i].length}`}
            className={`min-w-0 border-rule md:border-r ${columns[i].length === 0 ? 'hidden md:block' : ''}`}
          >
            <h2 className="sticky top-0 z-10 flex items-baseline justify-between gap-1 border-b border-rule bg-pane px-2 py-1 text-[11px] font-semibold tracking-[0.06em] text-dim uppercase">
              <span className="truncate" title={title}>
                {title}
              </span>
              <span className="text-ink">{columns[i].length}</span>
            </h2>
            <ul className="grid grid-cols-[minmax(0,1fr)] content-start gap-1.5 p-1.5">
              {columns[i].map((crew) => (
                <CrewCard key={crew.id} crew={crew} isSelected={crew.id === selected} />
              ))}
            </ul>
          </section>
        ))}
      </div>
    </div>
  );
}
