import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import type { Session } from '#model/api/common.ts';
import type { MajorEventDays, ReliabilityRow } from '#model/api/reliability.ts';
import { PaneMessage, PaneSkeleton } from '../app/pane.tsx';
import {
  type Counted,
  type Days,
  getMajorEventDays,
  getReliability,
  type Place,
  reportAddress,
} from '../lib/api/reliability.ts';
import { counted, formatCount, formatDate, formatNumber } from '../lib/time/format.ts';
import { SectionHead } from '../pipeline/table.tsx';
import { CustomersTable } from './customers_table.tsx';
import { DeclaredList } from './declared_list.tsx';
import { Drill } from './drill.tsx';
import { IndexTable } from './index_table.tsx';
import { LevelsTable } from './levels_table.tsx';
import { Oe417Panel } from './oe417_panel.tsx';
import { daysOf, isPeriod, type Preset, presets, todayIn } from './period.ts';
import { Plots } from './plots.tsx';

const system: Place = { level: 'system', id: null };

/** How well customers were supplied, and what each number is made of. */
export function ReliabilityPage({ session }: { session: Session }) {
  const today = todayIn(session.utility_time_zone, Date.now());
  const [preset, setPreset] = useState<Preset | null>('year');
  const [days, setDays] = useState<Days>(() => daysOf('year', today));
  const [chosen, setChosen] = useState<ReliabilityRow | null>(null);
  const place: Place = chosen ? { level: chosen.level, id: chosen.id } : system;
  const facts = useQuery({
    queryKey: ['reliability', 'days', days, place],
    queryFn: ({ signal }) => getMajorEventDays(days, place, signal),
    refetchInterval: 60_000,
    placeholderData: keepPreviousData,
  });
  const rows = useQuery({
    queryKey: ['reliability', 'rows', days, place.level],
    queryFn: ({ signal }) => getReliability(days, place.level, signal),
    refetchInterval: 60_000,
    placeholderData: keepPreviousData,
  });
  const row = rows.data?.find(({ id }) => place.id === null || id === place.id);
  const error = facts.error ?? rows.error;
  return (
    <section aria-label="Reliability" className="h-full overflow-auto bg-pane">
      <div className="mx-auto max-w-[1360px] px-3 py-4 sm:px-5">
        <div className="mb-4 flex flex-wrap items-center gap-x-4 gap-y-2">
          <h1 className="text-lg font-semibold">Reliability</h1>
          <PeriodPicker
            preset={preset}
            days={days}
            onPreset={(name) => {
              setPreset(name);
              setDays(daysOf(name, today));
            }}
            onDays={(next) => {
              setPreset(null);
              setDays(next);
            }}
          />
          {session.role !== 'viewer' && (
            <span className="ml-auto flex gap-1">
              <a
                className="button"
                href={reportAddress('csv', days)}
                download={`reliability_${days.from}_${days.to}.csv`}
              >
                Indices, CSV
              </a>
              <a
                className="button"
                href={reportAddress('pdf', days)}
                download={`reliability_${days.from}_${days.to}.pdf`}
              >
                Report, PDF
              </a>
            </span>
          )}
        </div>
        {error && (facts.data || rows.data) && (
          <p role="alert" className="mb-3 border-l-2 border-bad pl-3 text-bad">
            {error.message} Shown is what was read before.
          </p>
        )}
        {facts.isPending || rows.isPending ? (
          <PaneSkeleton rows={12} />
        ) : facts.data && row ? (
          <Body facts={facts.data} row={row} days={days} place={place} chosen={chosen} onChoose={setChosen} />
        ) : (
          <PaneMessage
            title="The indices could not be read"
            bad
            action={{
              label: 'Try again',
              run: () => {
                void facts.refetch();
                void rows.refetch();
              },
            }}
          >
            {error?.message}
          </PaneMessage>
        )}
      </div>
    </section>
  );
}

function PeriodPicker({
  preset,
  days,
  onPreset,
  onDays,
}: {
  preset: Preset | null;
  days: Days;
  onPreset: (preset: Preset) => void;
  onDays: (days: Days) => void;
}) {
  const [draft, setDraft] = useState<Days>(days);
  const [known, setKnown] = useState(days);
  if (known !== days) {
    setKnown(days);
    setDraft(days);
  }
  const change = (next: Days): void => {
    setDraft(next);
    if (isPeriod(next)) onDays(next);
  };
  return (
    <div className="flex flex-wrap items-center gap-1">
      {presets.map(({ name, label }) => (
        <button
          key={name}
          type="button"
          aria-pressed={preset === name}
          className={`button ${preset === name ? 'border-accent' : ''}`}
          onClick={() => onPreset(name)}
        >
          {label}
        </button>
      ))}
      <input
        type="date"
        className="field ml-2"
        aria-label="First day"
        value={draft.from}
        max={draft.to}
        onChange={(event) => change({ ...draft, from: event.target.value })}
      />
      <span className="text-dim">–</span>
      <input
        type="date"
        className="field"
        aria-label="Last day"
        value={draft.to}
        min={draft.from}
        onChange={(event) => change({ ...draft, to: event.target.value })}
      />
    </div>
  );
}

function Body({
  facts,
  row,
  days,
  place,
  chosen,
  onChoose,
}: {
  facts: MajorEventDays;
  row: ReliabilityRow;
  days: Days;
  place: Place;
  chosen: ReliabilityRow | null;
  onChoose: (row: ReliabilityRow | null) => void;
}) {
  const [basis, setBasis] = useState<Counted>('all');
  const name = chosen?.name ?? 'the whole system';
  return (
    <>
      <Record facts={facts} />
      <SectionHead title={chosen ? chosen.name : 'Whole system'}>
        {formatCount(Math.round(row.customers_served))} customers served
        {facts.served.length > 1 && ' on average'}
        {row.open > 0 && (
          <>
            {' '}
            · <span className="text-warn">▲ {counted(row.open, 'open interruption')}, counted up to now</span>
          </>
        )}
        {chosen && (
          <>
            {' '}
            ·{' '}
            <button type="button" className="text-ink underline" onClick={() => onChoose(null)}>
              back to the whole system
            </button>
          </>
        )}
      </SectionHead>
      <div className="grid gap-6">
        <IndexTable row={row} facts={facts} />
        <Plots facts={facts} days={days} place={place} />
      </div>
      <SectionHead title="By part of the system">A name opens that part here.</SectionHead>
      <LevelsTable days={days} chosen={chosen?.id ?? null} onChoose={onChoose} />
      <SectionHead title={`Interruptions of ${name}`}>
        What the index is made of: each opens into its steps, its meters and their messages.{' '}
        <label className="text-ink">
          Counted{' '}
          <select className="field" value={basis} onChange={(event) => setBasis(event.target.value as Counted)}>
            <option value="all">unplanned</option>
            <option value="without_major">unplanned, without major event days</option>
            <option value="planned">planned work</option>
          </select>
        </label>
      </SectionHead>
      <Drill key={`${place.id}`} days={days} place={place} placeName={name} index={row} basis={basis} />
      <SectionHead title="Customers">
        CEMI-n and CELID-t: how often, and how long, the same customers were hit.
      </SectionHead>
      <CustomersTable days={days} place={place} />
      <SectionHead title="Declared and measured">
        Customer-minutes by the steps, and by the meters' own times; largest difference first.
      </SectionHead>
      <DeclaredList days={days} />
      <SectionHead title="Form OE-417">United States: the utility's duty to report large outages.</SectionHead>
      <Oe417Panel />
    </>
  );
}

/** How far the record reaches, and what it can not tell. */
function Record({ facts }: { facts: MajorEventDays }) {
  const last = facts.thresholds.at(-1);
  return (
    <div className="mb-5 border-l-2 border-rule pl-3 text-[12.5px] text-dim">
      {facts.known_since === null ? (
        <p>
          <strong className="text-ink">No interruption is known yet.</strong> A new center has no history. Past
          interruptions are loaded with <code className="text-ink">flux reliability import --history FILE.csv</code>.
        </p>
      ) : (
        <p>
          The record begins {formatDate(facts.known_since)}.{' '}
          {facts.declared > 0 ? (
            <>
              {formatCount(facts.declared)} interruptions from {formatDate(facts.declared_from)} to{' '}
              {formatDate(facts.declared_to)} were declared before this center; {formatCount(facts.own)} are its own.
            </>
          ) : (
            <>
              All {formatCount(facts.own)} interruptions are this center's own; earlier ones can be loaded with{' '}
              <code className="text-ink">flux reliability import --history FILE.csv</code>.
            </>
          )}
        </p>
      )}
      {facts.served_known_since > facts.from && (
        <p>
          Customers served are known since {facts.served_known_since}; earlier days count with the figure of that day.
        </p>
      )}
      {last &&
        (last.t_med === null ? (
          <p>
            No major event threshold for {last.year}: the five years before it have fewer than 30 days with
            interruptions.
          </p>
        ) : (
          <p>
            T_MED {last.year} = <strong className="text-ink">{formatNumber(last.t_med, 3)} min</strong> (2.5 beta of{' '}
            {formatCount(last.days)} days from {formatDate(last.from)} to {formatDate(last.to)}: alpha{' '}
            {formatNumber(last.alpha, 4)}, beta {formatNumber(last.beta, 4)}, standard deviation of a sample). Days are
            those of {facts.time_zone}.
          </p>
        ))}
    </div>
  );
}
