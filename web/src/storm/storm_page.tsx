import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import type { Session } from '#model/api/common.ts';
import type { StormArea } from '#model/api/storm.ts';
import { PaneMessage, PaneSkeleton } from '../app/pane.tsx';
import { useTimeView } from '../app/use_time_view.ts';
import { WhatIfStudy } from '../etr/what_if_study.tsx';
import { ageSeconds, formatAge, formatCount, formatDayTime } from '../lib/time/format.ts';
import { useNow } from '../lib/time/use_now.ts';
import { Cell, SectionHead, Table } from '../pipeline/table.tsx';
import { AreaTable } from './area_table.tsx';
import { CurvePanel } from './curve_panel.tsx';
import { FlowPanel } from './flow_panel.tsx';
import { getStormAreas, getStormLog } from './storm_api.ts';

/** older than this the numbers may not be true any more, s */
const staleS = 30;

/** The storm on one page: how many are out and until when, area by area; who works; what the public reads. */
export function StormPage({ session }: { session: Session }) {
  const now = useNow();
  const [chosen, setChosen] = useState('');
  const areas = useQuery({
    queryKey: ['storm', 'areas'],
    queryFn: ({ signal }) => getStormAreas(signal),
    refetchInterval: 5000,
  });
  const age = areas.dataUpdatedAt > 0 ? (now - areas.dataUpdatedAt) / 1000 : 0;
  const rows = areas.data;
  const worst = rows?.reduce<StormArea | undefined>(
    (most, area) => (most && most.customers_out >= area.customers_out ? most : area),
    undefined,
  );
  const told = rows?.find(({ area_id }) => area_id === chosen) ?? worst;
  return (
    <section aria-label="Storm" className="h-full overflow-auto bg-pane">
      <div className="mx-auto max-w-[1500px] px-3 py-3 sm:px-5">
        <div className="mb-3 flex flex-wrap items-baseline gap-x-4 gap-y-1">
          <h1 className="text-lg font-semibold">Storm</h1>
          {rows && <Totals areas={rows} />}
          {rows && (areas.error || age > staleS) && (
            <span role="status" className="text-warn">
              ▲ as of {formatAge(age)} ago{areas.error ? `: ${areas.error.message}` : ''}
            </span>
          )}
        </div>
        {!rows ? (
          areas.isPending ? (
            <PaneSkeleton rows={12} />
          ) : (
            <PaneMessage
              title="The storm board could not be read"
              bad
              action={{ label: 'Try again', run: () => void areas.refetch() }}
            >
              {areas.error?.message}
            </PaneMessage>
          )
        ) : rows.length === 0 ? (
          <PaneMessage title="No area is yours">
            An administrator gives areas of responsibility to accounts.
          </PaneMessage>
        ) : (
          <>
            <div className="grid gap-x-8 lg:grid-cols-[minmax(0,1fr)_340px]">
              <CurvePanel />
              <FlowPanel />
            </div>
            <SectionHead title="By area">most customers out first</SectionHead>
            <AreaTable areas={rows} session={session} chosen={told?.area_id ?? ''} onChoose={setChosen} />
            {told && (
              <>
                <SectionHead title={`What the public reads of ${told.name}`}>
                  {chosen === '' ? 'the area with most customers out; an area’s name shows its own' : null}
                </SectionHead>
                <div className="grid gap-3 md:grid-cols-2">
                  <blockquote lang="en" className="border-l-2 border-rule pl-3">
                    {told.public_text.en}
                  </blockquote>
                  <blockquote lang="es" className="border-l-2 border-rule pl-3">
                    {told.public_text.es}
                  </blockquote>
                </div>
              </>
            )}
            <SectionHead title="What if">more crews, or fewer, on a copy of what is out now</SectionHead>
            <WhatIfStudy session={session} />
            <ModeLog areas={rows} />
          </>
        )}
      </div>
    </section>
  );
}

function Totals({ areas }: { areas: readonly StormArea[] }) {
  const sum = (of: (area: StormArea) => number): number => areas.reduce((total, area) => total + of(area), 0);
  const crews = (status: string): number => sum(({ crews: all }) => all[status] ?? 0);
  const stormy = areas.filter(({ mode }) => mode.on).length;
  return (
    <p>
      <strong className="text-[17px]">{formatCount(sum(({ customers_out }) => customers_out))}</strong>{' '}
      <span className="text-dim">customers out in</span> <strong>{formatCount(sum(({ outages }) => outages))}</strong>{' '}
      <span className="text-dim">outages</span>
      <span className="text-dim"> · crews: </span>
      {formatCount(crews('on_site'))} on site, {formatCount(crews('en_route') + crews('assigned'))} on their way,{' '}
      {formatCount(crews('available'))} free
      <span className="text-dim"> · </span>
      {stormy === 0 ? (
        <span className="text-dim">no area in storm mode</span>
      ) : stormy === areas.length ? (
        'storm mode in every area'
      ) : (
        `${stormy} of ${areas.length} areas in storm mode`
      )}
    </p>
  );
}

/** Who switched what. */
function ModeLog({ areas }: { areas: readonly StormArea[] }) {
  const names = new Map(areas.map(({ area_id, name }) => [area_id, name]));
  const view = useTimeView();
  const log = useQuery({
    queryKey: ['storm', 'log'],
    queryFn: ({ signal }) => getStormLog(signal),
    refetchInterval: 30_000,
  });
  const now = useNow();
  if (!log.data || log.data.length === 0) return null;
  return (
    <>
      <SectionHead title="Storm mode so far">newest first</SectionHead>
      <Table
        label="Log of storm mode"
        heads={[
          { name: 'When', left: true },
          { name: 'Area', left: true },
          { name: 'Mode', left: true },
          { name: 'By', left: true },
          { name: 'Why', left: true },
        ]}
      >
        {log.data.slice(0, 30).map((entry) => (
          <tr key={`${entry.area_id} ${entry.at}`} className="border-t border-rule">
            <Cell left>
              {formatDayTime(entry.at, view)}{' '}
              <span className="text-dim">{formatAge(ageSeconds(entry.at, now))} ago</span>
            </Cell>
            <Cell left>{names.get(entry.area_id) ?? entry.area_id}</Cell>
            <Cell left>{entry.on ? 'storm' : 'blue sky'}</Cell>
            <Cell left>{entry.author}</Cell>
            <Cell left>{entry.reason}</Cell>
          </tr>
        ))}
      </Table>
    </>
  );
}
