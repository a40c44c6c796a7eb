import { useMutation } from '@tanstack/react-query';
import { type FormEvent, useMemo } from 'react';
import type { Session } from '#model/api/common.ts';
import type { RestorationCurve, WhatIf, WhatIfAnswer } from '#model/api/etr.ts';
import { Problem } from '../app/facts.tsx';
import { StudyFrame } from '../app/study_frame.tsx';
import { useTimeView } from '../app/use_time_view.ts';
import { useLive } from '../lib/push/live_store.ts';
import { counted, formatCount, formatDayTime, formatNumber } from '../lib/time/format.ts';
import { useAreaName } from '../map/network_store.ts';
import { Cell, Table } from '../pipeline/table.tsx';
import { mayOperate } from '../session/session_store.ts';
import { joinedCurves } from './bands.ts';
import { askWhatIf } from './etr_api.ts';
import { LazyBandPlot } from './lazy_band_plot.tsx';

const lines = [
  { label: 'as is, P90', color: '--dim', width: 0, isEdge: true },
  { label: 'as is, P10', color: '--dim', width: 0, isEdge: true },
  { label: 'as is', color: '--dim', width: 2 },
  { label: 'study, P90', color: '--accent', width: 0, isEdge: true },
  { label: 'study, P10', color: '--accent', width: 0, isEdge: true },
  { label: 'study', color: '--accent', width: 2, dash: [6, 3] },
];
const bands = [
  { upper: 1, lower: 2, color: '--dim' },
  { upper: 4, lower: 5, color: '--accent' },
];

/** The present outages with other crews. Nothing live changes; the frame says so. */
export function WhatIfStudy({ session }: { session: Session }) {
  const outages = useLive((live) => live.outages);
  const areas = [...new Set([...outages.values()].map(({ area_id }) => area_id))].sort();
  const areaName = useAreaName();
  const ask = useMutation({ mutationFn: (change: WhatIf) => askWhatIf(change) });
  function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const fields = new FormData(event.currentTarget);
    const area = String(fields.get('area') ?? '');
    ask.mutate({
      add_crews: Number(fields.get('add') ?? 0),
      remove_crews: Number(fields.get('remove') ?? 0),
      arrive_in_hours: Number(fields.get('arrive') ?? 0),
      repair_factor: Number(fields.get('factor') ?? 1),
      mutual_aid: fields.get('aid') === 'on',
      ...(area === '' ? {} : { area }),
    });
  }
  return (
    <StudyFrame of="the open outages and the crews">
      <div className="grid gap-4 p-3 lg:grid-cols-[300px_minmax(0,1fr)]">
        <form className="grid content-start gap-2" aria-label="Study" onSubmit={submit}>
          <Numeric name="add" label="Crews to add" value={20} min={0} max={500} step={1} />
          <Numeric name="remove" label="Crews to take away" value={0} min={0} max={500} step={1} />
          <label className="grid gap-0.5 text-dim">
            Where
            <select name="area" className="field">
              <option value="">all areas in turn, most customers first</option>
              {areas.map((area) => (
                <option key={area} value={area}>
                  {areaName(area)}
                </option>
              ))}
            </select>
          </label>
          <Numeric name="arrive" label="They arrive in (hours)" value={0} min={0} max={96} step={0.5} />
          <Numeric name="factor" label="Repairs take times as long" value={1} min={0.1} max={10} step={0.1} />
          <label className="flex items-center gap-2">
            <input type="checkbox" name="aid" /> crews of idle areas help others
          </label>
          <button type="submit" className="button button-primary" disabled={ask.isPending || !mayOperate(session)}>
            {ask.isPending ? 'Simulating…' : 'Run the study'}
          </button>
          {!mayOperate(session) && <p className="text-dim">Studies need the operator role.</p>}
          {ask.error && <Problem error={ask.error} />}
        </form>
        {ask.data ? (
          <Result answer={ask.data} />
        ) : (
          <p className="max-w-prose text-dim">
            A study takes a copy of the {counted(outages.size, 'open outage')} and of the crews, simulates the
            restoration both ways with the same chances, and draws both curves.
          </p>
        )}
      </div>
    </StudyFrame>
  );
}

function Numeric(props: { name: string; label: string; value: number; min: number; max: number; step: number }) {
  return (
    <label className="grid gap-0.5 text-dim">
      {props.label}
      <input
        name={props.name}
        type="number"
        className="field"
        required
        defaultValue={props.value}
        min={props.min}
        max={props.max}
        step={props.step}
      />
    </label>
  );
}

function Result({ answer }: { answer: WhatIfAnswer }) {
  const view = useTimeView();
  const columns = useMemo(() => joinedCurves(answer.base, answer.changed), [answer]);
  if (answer.outages === 0) return <p className="text-dim">No customer is out: there is nothing to study.</p>;
  const saved = answer.base.customer_minutes - answer.changed.customer_minutes;
  return (
    <div className="min-w-0">
      <p>
        <strong>{formatNumber(Math.abs(saved) / 60, 0)} customer-hours</strong> {saved >= 0 ? 'fewer' : 'more'} than as
        is, for {formatCount(answer.customers_out)} customers in {formatCount(answer.outages)} outages{' '}
        <span className="text-dim">as of {formatDayTime(answer.as_of, view)}</span>
      </p>
      {answer.crews_assumed && (
        <p className="text-[12px] text-warn">No crews are on file: three in every area are assumed, always on duty.</p>
      )}
      <div className="mt-2 h-72">
        <LazyBandPlot
          columns={columns}
          lines={lines}
          bands={bands}
          from="zero"
          formatValue={(value) => `${formatCount(value)} cust`}
          label="Customers without supply over time, as is and in the study"
        />
      </div>
      <p className="mb-2 text-[11px] text-dim">
        customers without supply · grey: as is · dashed: study · bands: eight of ten runs lie within
      </p>
      <Table
        label="As is and study"
        heads={[
          { name: '', left: true },
          { name: 'Crews' },
          { name: 'Customer-hours' },
          { name: 'All back, P50' },
          { name: 'All back, P90' },
          { name: 'Not served' },
        ]}
      >
        <Row name="as is" curve={answer.base} />
        <Row name="study" curve={answer.changed} />
      </Table>
    </div>
  );
}

function Row({ name, curve }: { name: string; curve: RestorationCurve }) {
  const view = useTimeView();
  return (
    <tr className="border-t border-rule">
      <Cell left>{name}</Cell>
      <Cell>{formatCount(curve.crews)}</Cell>
      <Cell>{formatNumber(curve.customer_minutes / 60, 0)}</Cell>
      <Cell>{formatDayTime(curve.all_back_p50, view)}</Cell>
      <Cell>{formatDayTime(curve.all_back_p90, view)}</Cell>
      <Cell>{formatCount(curve.not_served)}</Cell>
    </tr>
  );
}
