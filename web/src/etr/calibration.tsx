import { useQuery } from '@tanstack/react-query';
import { Fragment, useState } from 'react';
import type { EtrCalibration, EtrGroup } from '#model/api/etr.ts';
import { PaneMessage, PaneSkeleton } from '../app/pane.tsx';
import { useTimeView } from '../app/use_time_view.ts';
import { formatCount, formatDay, formatNumber, formatShare, words } from '../lib/time/format.ts';
import { useAreaName } from '../map/network_store.ts';
import { Cell, SectionHead, Table } from '../pipeline/table.tsx';
import { getEtrCalibration } from './etr_api.ts';

const spans = [
  { days: 1, label: 'a day' },
  { days: 7, label: 'a week' },
  { days: 30, label: '30 days' },
  { days: 365, label: 'a year' },
];
const titles: Record<EtrGroup['by'], string> = {
  all: '',
  source: 'By source',
  storm: 'Storm and blue sky',
  zone: 'By area',
  device: 'By device',
  cause: 'By cause',
};
const heads = [
  { name: '', left: true },
  { name: 'Outages' },
  { name: 'Bias', title: 'promised less actual: negative is promised too early' },
  { name: 'Mean error' },
  { name: 'Median error' },
  { name: 'Late', title: 'restored after the P50; half of them should be' },
  { name: 'Within P90', title: 'nine of ten should be' },
  { name: 'Revisions', title: 'per outage' },
];

/** How the times turned out: what a promise of this center is worth. */
export function Calibration() {
  const [days, setDays] = useState(30);
  const [revision, setRevision] = useState<'first' | 'last'>('first');
  const calibration = useQuery({
    queryKey: ['etr-calibration', days, revision],
    queryFn: ({ signal }) =>
      getEtrCalibration(new Date(Date.now() - days * 86_400_000).toISOString(), revision, signal),
    refetchInterval: 60_000,
    placeholderData: (before) => before,
  });
  const { data } = calibration;
  return (
    <div className="mx-auto max-w-[1100px] px-3 py-3">
      <div className="flex flex-wrap items-center gap-2">
        <select
          aria-label="Restored within"
          className="field"
          value={days}
          onChange={(event) => setDays(Number(event.target.value))}
        >
          {spans.map((span) => (
            <option key={span.days} value={span.days}>
              restored within {span.label}
            </option>
          ))}
        </select>
        <select
          aria-label="Which time is scored"
          className="field"
          value={revision}
          onChange={(event) => setRevision(event.target.value === 'last' ? 'last' : 'first')}
        >
          <option value="first">the first time told</option>
          <option value="last">the last time told</option>
        </select>
        {calibration.error && data && (
          <span role="alert" className="text-[12px] text-bad">
            ✕ {calibration.error.message}
          </span>
        )}
      </div>
      {calibration.isPending && <PaneSkeleton rows={8} />}
      {calibration.error && !data && (
        <PaneMessage
          bad
          title="The calibration could not be read"
          action={{ label: 'Try again', run: () => void calibration.refetch() }}
        >
          {calibration.error.message}
        </PaneMessage>
      )}
      {data && data.groups.length === 0 && (
        <p className="py-6 text-dim">No outage with a restoration time was restored in this span.</p>
      )}
      {data && data.groups.length > 0 && <Groups groups={data.groups} />}
      {data && <ModelFacts calibration={data} />}
    </div>
  );
}

function Groups({ groups }: { groups: readonly EtrGroup[] }) {
  const areaName = useAreaName();
  return (
    <div className="mt-3">
      <Table label="What the times were worth" heads={heads}>
        {[...Map.groupBy(groups, ({ by }) => by)].map(([by, members]) => (
          <Fragment key={by}>
            {by !== 'all' && (
              <tr className="border-t border-rule">
                <th scope="colgroup" colSpan={heads.length} className="px-2 pt-3 pb-1 text-left font-semibold">
                  {titles[by]}
                </th>
              </tr>
            )}
            {members.map((one) => (
              <Group key={one.group} one={one} name={by === 'zone' ? areaName(one.group) : words(one.group)} />
            ))}
          </Fragment>
        ))}
      </Table>
    </div>
  );
}

function Group({ one, name }: { one: EtrGroup; name: string }) {
  // a share of a handful says nothing
  const off = one.outages >= 30 && (one.p90_coverage < 0.85 || one.p90_coverage > 0.95);
  return (
    <tr className="border-t border-rule">
      <Cell left>{name}</Cell>
      <Cell>{formatCount(one.outages)}</Cell>
      <Cell>{formatNumber(one.bias_min, 0)} min</Cell>
      <Cell>{formatNumber(one.mae_min, 0)} min</Cell>
      <Cell>{formatNumber(one.median_abs_min, 0)} min</Cell>
      <Cell>{formatShare(one.late_share, 1)}</Cell>
      <Cell>
        <span className={off ? 'text-warn' : ''}>{formatShare(one.p90_coverage, 1)}</span>
      </Cell>
      <Cell>{formatNumber(one.revisions_per_outage, 1)}</Cell>
    </tr>
  );
}

function ModelFacts({ calibration: { model, own_outages } }: { calibration: EtrCalibration }) {
  const view = useTimeView();
  return (
    <>
      <SectionHead title={`Model ${model.id}`}>
        fitted on {formatCount(model.outages)} outages of {model.source}, {formatDay(model.from, view)} to{' '}
        {formatDay(model.to, view)}
        {model.licence && ` (${model.licence})`}; corrected by {formatCount(own_outages)} of this center
      </SectionHead>
      <Table
        label="What the model does with each feature"
        heads={[
          { name: 'Feature', left: true },
          { name: 'Share', title: 'of what the model explains' },
          { name: 'Median (min) along its values, low to high', left: true },
        ]}
      >
        {model.effects.slice(0, 12).map((effect) => (
          <tr key={effect.feature} className="border-t border-rule align-baseline">
            <Cell left>
              <span title={effect.about}>{effect.about}</span>
            </Cell>
            <Cell>{formatShare(effect.share, 1)}</Cell>
            <Cell left>
              <span className="text-dim">
                {effect.at
                  .map((at, i) => `${formatNumber(at, 0)}: `.concat(formatNumber(effect.p50_min[i], 0)))
                  .join(' · ')}
              </span>
            </Cell>
          </tr>
        ))}
      </Table>
    </>
  );
}
