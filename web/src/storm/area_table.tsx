import { useState } from 'react';
import type { Session } from '#model/api/common.ts';
import type { StormArea } from '#model/api/storm.ts';
import { useTimeView } from '../app/use_time_view.ts';
import { formatCount, formatDayTime, formatEtr, formatShare, words } from '../lib/time/format.ts';
import { useNow } from '../lib/time/use_now.ts';
import { Cell, Table } from '../pipeline/table.tsx';
import { mayOperate } from '../session/session_store.ts';
import { signed } from './columns.ts';
import { ModeForm } from './mode_form.tsx';

const crewOrder = ['on_site', 'en_route', 'assigned', 'available', 'on_break', 'unavailable', 'off_shift'];

/** Every area: how bad, which way it goes, who is there, what is promised, and its mode. */
export function AreaTable({
  areas,
  session,
  chosen,
  onChoose,
}: {
  areas: readonly StormArea[];
  session: Session;
  chosen: string;
  onChoose: (area: string) => void;
}) {
  const view = useTimeView();
  const now = useNow();
  const [asked, setAsked] = useState<string | null>(null);
  const asking = areas.find(({ area_id }) => area_id === asked);
  const rows = areas.toSorted((a, b) => b.customers_out - a.customers_out || (a.name < b.name ? -1 : 1));
  return (
    <>
      <Table
        label="Areas"
        heads={[
          { name: 'Area', left: true },
          { name: 'Out', title: 'customers without supply' },
          { name: 'Of all', title: 'share of the area’s customers' },
          { name: 'In 15 min', title: 'customers out now less those of a quarter of an hour ago' },
          { name: 'Critical' },
          { name: 'Outages' },
          { name: 'No crew', title: 'outages nobody has been sent to' },
          { name: 'ETR P90, latest' },
          { name: 'Crews', left: true },
          { name: 'Storm mode', left: true },
        ]}
      >
        {rows.map((area) => (
          <tr
            key={area.area_id}
            className={`border-t border-rule align-baseline ${chosen === area.area_id ? 'bg-chosen' : ''}`}
          >
            <Cell left>
              <button
                type="button"
                data-row
                className="font-medium underline-offset-2 hover:underline"
                onClick={() => onChoose(area.area_id)}
              >
                {area.name}
              </button>
            </Cell>
            <Cell>
              <strong className={area.customers_out > 0 ? 'text-ink' : 'font-normal text-dim'}>
                {formatCount(area.customers_out)}
              </strong>
            </Cell>
            <Cell>
              <span className="text-dim">{formatShare(area.customers_out, area.customers)}</span>
            </Cell>
            <Cell>
              <Trend value={area.trend} />
            </Cell>
            <Cell>
              {area.critical_out > 0 ? (
                <span className="text-bad">▲ {formatCount(area.critical_out)}</span>
              ) : (
                <span className="text-dim">0</span>
              )}
            </Cell>
            <Cell>{formatCount(area.outages)}</Cell>
            <Cell>
              <span className={area.waiting > 0 ? 'text-warn' : 'text-dim'}>{formatCount(area.waiting)}</span>
            </Cell>
            <Cell>
              {area.etr_p90 === null ? <span className="text-dim">—</span> : formatEtr(area.etr_p90, now, view)}
              {area.without_etr > 0 && <span className="text-dim"> +{area.without_etr} without</span>}
            </Cell>
            <Cell left>
              {crewOrder
                .filter((status) => (area.crews[status] ?? 0) > 0)
                .map((status) => `${area.crews[status]} ${words(status)}`)
                .join(', ') || <span className="text-dim">none</span>}
            </Cell>
            <Cell left>
              <span className="flex items-baseline gap-2 whitespace-normal">
                {area.mode.on ? (
                  <span className="rounded-sm bg-badground px-1.5 text-[11px] font-bold tracking-wider text-white">
                    STORM
                  </span>
                ) : (
                  <span className="text-dim">blue sky</span>
                )}
                {mayOperate(session) && (
                  <button type="button" className="button" onClick={() => setAsked(area.area_id)}>
                    {area.mode.on ? 'Off…' : 'On…'}
                  </button>
                )}
                {area.mode.suggestion && (
                  <span className="min-w-40 text-[12px] text-warn">
                    ▲ switch {area.mode.suggestion.on ? 'on' : 'off'}? {area.mode.suggestion.why}
                  </span>
                )}
                {area.mode.on && (
                  <span className="min-w-40 text-[12px] text-dim">
                    {area.mode.author}, {formatDayTime(area.mode.since, view)}: {area.mode.reason}
                    {area.mode.expires_at && <> · to {formatDayTime(area.mode.expires_at, view)}</>}
                  </span>
                )}
              </span>
            </Cell>
          </tr>
        ))}
      </Table>
      {asking && <ModeForm mode={asking.mode} onClose={() => setAsked(null)} />}
    </>
  );
}

function Trend({ value }: { value: number | null }) {
  if (value === null) return <span className="text-dim">—</span>;
  if (value === 0) return <span className="text-dim">±0</span>;
  return <span className={value > 0 ? 'text-warn' : ''}>{`${value > 0 ? '↗' : '↘'} ${signed(value)}`}</span>;
}
