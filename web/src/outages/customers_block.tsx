import { useQuery } from '@tanstack/react-query';
import type { CustomerOut, TroubleCall } from '#model/api/calls.ts';
import type { Outage } from '#model/api/outages.ts';
import { Block, Problem } from '../app/facts.tsx';
import { PaneSkeleton } from '../app/pane.tsx';
import { useScreen } from '../app/screen_store.ts';
import { useTimeView } from '../app/use_time_view.ts';
import { type GridColumn, VirtualGrid } from '../app/virtual_grid.tsx';
import { getCallsOfOutage, getCustomersOut } from '../lib/api/endpoints.ts';
import { formatCount, formatDayTime, formatTime, type TimeView, words } from '../lib/time/format.ts';

const columns: readonly GridColumn<CustomerOut, { view: TimeView }>[] = [
  {
    key: 'meter',
    head: 'Meter',
    track: '102px',
    cell: (one) => (
      <>
        {one.critical && (
          <span className="mr-1 text-bad" title={`critical: ${words(one.critical)}`}>
            ▲
          </span>
        )}
        {one.meter_id}
      </>
    ),
  },
  {
    key: 'kind',
    head: 'Kind',
    track: 'minmax(0, 1fr)',
    cell: (one) =>
      one.critical ? (
        <span className="text-bad">{words(one.critical)}</span>
      ) : (
        <span className="text-dim">{words(one.customer_class)}</span>
      ),
  },
  {
    key: 'supply',
    head: 'Says',
    track: '44px',
    cell: (one) => (one.supply === 'unknown' ? <span className="text-dim">silent</span> : one.supply),
  },
  {
    key: 'since',
    head: 'Out since',
    track: '54px',
    right: true,
    cell: (one, { view }) => formatTime(one.from, view),
  },
  {
    key: 'to',
    head: 'Back',
    track: '40px',
    right: true,
    cell: (one, { view }) => (one.to ? formatTime(one.to, view) : <span className="text-dim">—</span>),
  },
];
const keyOf = (one: CustomerOut): string => one.meter_id;

/** Whom it took supply from, critical ones first. */
export function CustomersBlock({ outage, whole }: { outage: Outage; whole: boolean }) {
  const view = useTimeView();
  const customers = useQuery({
    queryKey: ['outage', outage.id, 'customers', outage.revision],
    queryFn: ({ signal }) => getCustomersOut(outage.id, signal),
    placeholderData: (before) => before,
  });
  const rows = customers.data;
  return (
    <Block title="Customers">
      {rows === undefined ? (
        customers.error ? (
          <Problem error={customers.error} />
        ) : (
          <PaneSkeleton rows={3} />
        )
      ) : rows.length === 0 ? (
        <p className="px-3 py-2 text-dim">Nobody lost supply by it.</p>
      ) : (
        <div className={`flex flex-col py-1 ${whole ? 'h-72' : 'h-44'}`}>
          <VirtualGrid
            label="Customers of this outage"
            dataName="customer"
            columns={columns}
            rows={rows}
            keyOf={keyOf}
            selected={null}
            context={{ view }}
            minWidth={0}
            dim={(one) => one.to !== null}
            onChoose={(one) => {
              if (!whole) useScreen.getState().select({ kind: 'meter', id: one.meter_id }, { details: true });
            }}
          />
        </div>
      )}
    </Block>
  );
}

/** What its customers said on the phone. */
export function CallsBlock({ outage }: { outage: Outage }) {
  const view = useTimeView();
  const calls = useQuery({
    queryKey: ['outage', outage.id, 'calls', outage.revision],
    queryFn: ({ signal }) => getCallsOfOutage(outage.id, signal),
    placeholderData: (before) => before,
    refetchInterval: 10_000,
  });
  return (
    <Block title={`Calls${calls.data ? ` (${formatCount(calls.data.length)})` : ''}`}>
      {calls.error && !calls.data && <Problem error={calls.error} />}
      {calls.data?.length === 0 && <p className="px-3 py-2 text-dim">No customer has called.</p>}
      <ol className="max-h-56 overflow-auto px-3 py-1">
        {calls.data?.map((call) => (
          <CallLine key={call.id} call={call} view={view} />
        ))}
      </ol>
    </Block>
  );
}

function CallLine({ call, view }: { call: TroubleCall; view: TimeView }) {
  return (
    <li className="py-0.5">
      <span className="text-dim">{formatDayTime(call.called_at, view)}</span> {call.meter_id}: {words(call.kind)}
      {call.words && <div className="pl-3 text-dim">“{call.words}”</div>}
      {call.callback && (
        <div className="pl-3 text-dim">
          call back {call.callback}
          {call.called_back_by && `, done by ${call.called_back_by}`}
        </div>
      )}
    </li>
  );
}
