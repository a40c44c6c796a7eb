import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { PaneSkeleton } from '../app/pane.tsx';
import { type Days, getCustomerExperience, type Place } from '../lib/api/reliability.ts';
import { formatCount } from '../lib/time/format.ts';
import { Cell, Table } from '../pipeline/table.tsx';

const percent = (share: number | null): string => (share === null ? '—' : `${(share * 100).toFixed(3)}%`);

/** What single customers went through: how often, and how long in all. */
export function CustomersTable({ days, place }: { days: Days; place: Place }) {
  const found = useQuery({
    queryKey: ['reliability', 'customers', days, place],
    queryFn: ({ signal }) => getCustomerExperience(days, place, signal),
    refetchInterval: 60_000,
  });
  if (found.isPending) return <PaneSkeleton rows={5} />;
  if (!found.data)
    return (
      <p role="alert" className="text-bad">
        ✕ {found.error.message}
      </p>
    );
  const { cemi, celid, without_meters } = found.data;
  const row = (name: string, customers: number, share: number | null): ReactNode => (
    <tr key={name}>
      <Cell left>{name}</Cell>
      <Cell>{formatCount(customers)}</Cell>
      <Cell>{percent(share)}</Cell>
    </tr>
  );
  const heads = [{ name: '', left: true }, { name: 'Customers' }, { name: 'of those served' }];
  return (
    <>
      {without_meters > 0 && (
        <p className="mb-2 text-[12px] text-dim">
          By the meters' own record: {formatCount(without_meters)} declared interruptions from before this center are
          not in it.
        </p>
      )}
      <div className="grid gap-x-8 gap-y-3 sm:grid-cols-2">
        <Table
          label="CEMI: customers by number of sustained interruptions"
          heads={[{ ...heads[0], name: 'CEMI-n' }, ...heads.slice(1)]}
        >
          {cemi.map(({ n, customers, share }) => row(`${n} or more times`, customers, share))}
        </Table>
        <Table
          label="CELID: customers by time without supply"
          heads={[{ ...heads[0], name: 'CELID-t' }, ...heads.slice(1)]}
        >
          {celid.map(({ hours, customers, share }) => row(`${hours} h or more in all`, customers, share))}
        </Table>
      </div>
    </>
  );
}
