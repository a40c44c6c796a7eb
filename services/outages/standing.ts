/** What is known of one meter right now: for who answers the phone. */
import type { CallPlace, CustomerOut, MeterStanding } from '#model/api/calls.ts';
import type { Outage } from '#model/api/outages.ts';
import type { PlannedOutage } from '#model/api/planned.ts';
import { FluxError } from '#model/errors.ts';
import { criticalKinds, customerClasses, type NetworkColumns } from '#model/network.ts';
import { type NamedQuery, oneRow, type Pool, rowsOf } from '#stores/postgres/pool.ts';
import type { CallService } from './calls.ts';
import { newestPing } from './pings_sql.ts';

const supplyOf: NamedQuery = {
  name: 'meter_supply_of',
  text: `
    select supply.state, supply.dark_ms, supply.lit_ms, supply.outage_id
    from meter_supply as supply
    where supply.meter_key = $1`,
};

const customersOf: NamedQuery = {
  name: 'outage_customer',
  text: `
    select span.meter_key, span.from_at, span.to_at, supply.state,
           -- by its own message: what it said earlier is of another outage
           coalesce(supply.lit_ms > extract(epoch from span.from_at) * 1000, false) as is_back
    from meter_outage_span as span
    left join meter_supply as supply on supply.meter_key = span.meter_key
    where span.outage_id = $1
    order by span.meter_key
    limit $2`,
};

export interface StandingNeeds {
  pool: Pool;
  network: () => NetworkColumns;
  areaOfMeter: (meter: number) => string | null;
  outage: (id: string) => Promise<Outage>;
  plannedOf: (meter: number) => Promise<PlannedOutage | null>;
  calls: Pick<CallService, 'newest'>;
  places: PlaceFinder;
}

/** A premise as others know it: meter key, account number, service address. */
export interface Place {
  meter: number;
  account: string;
  address: string;
  by: 'account' | 'address';
}

export interface PlaceFinder {
  /** places that begin like what was typed, best first */
  like(text: string, most: number): Promise<Place[]>;
  ofMeter(meter: number): Promise<Place | null>;
  /** meters of one account, or at one address */
  exact(place: { account: string } | { address: string }): number[];
}

/** One of them names the meter. */
export interface StandingQuestion {
  meter?: string;
  account?: string;
  address?: string;
}

export interface StandingService {
  /** @throws FluxError `unknown_meter`, `unknown_account`, `unknown_address`, `conflict` where several meters fit */
  of(question: StandingQuestion): Promise<MeterStanding>;
  /** area of the meter that is meant; the same errors */
  areaOf(question: StandingQuestion): string | null;
  places(text: string, most: number): Promise<CallPlace[]>;
  /** customers an outage took supply from, critical ones first, then those still out */
  customersOf(outageId: string, limit: number): Promise<CustomerOut[]>;
  areaOfMeter(meterId: string): string | null;
}

const supplyWords = ['unknown', 'dark', 'lit', 'back'] as const;

export function makeStandingService(needs: StandingNeeds): StandingService {
  const { pool } = needs;
  const wordOf = (state: number | null): MeterStanding['supply'] => supplyWords[state ?? 0] ?? 'dark';
  const time = (ms: number): string | null => (ms > 0 ? new Date(ms).toISOString() : null);

  function rowOf({ meter, account, address }: StandingQuestion): number {
    if ([meter, account, address].filter((given) => given !== undefined).length !== 1)
      throw new FluxError('bad_request', 'give one of meter, account or address');
    if (meter !== undefined) {
      const row = needs.network().meter.id.rowOf(meter);
      if (row < 0) throw new FluxError('unknown_meter', `there is no meter ${meter}`);
      return row;
    }
    const rows = needs.places.exact(account !== undefined ? { account } : { address: address! });
    if (rows.length === 1) return rows[0];
    if (rows.length > 1)
      throw new FluxError(
        'conflict',
        `${rows.length} meters fit; choose one of /api/calls/places?q=${encodeURIComponent(account ?? address!)}`,
      );
    throw account !== undefined
      ? new FluxError('unknown_account', `no meter has account ${account}`)
      : new FluxError(
          'unknown_address',
          `no service address is ${address}; try /api/calls/places with the first of it`,
        );
  }

  return {
    areaOf: (question) => needs.areaOfMeter(rowOf(question)),
    places: async (text, most) => {
      const { meter } = needs.network();
      return (await needs.places.like(text, most)).map((one) => ({
        meter_id: meter.id.at(one.meter),
        area_id: needs.areaOfMeter(one.meter),
        account_id: one.account,
        ...{ address: one.address, by: one.by },
      }));
    },
    of: async (question) => {
      const { meter } = needs.network();
      const row = rowOf(question);
      const meterId = meter.id.at(row);
      const [supply, ping, planned, calls, place] = await Promise.all([
        oneRow<{ state: number; dark_ms: number; lit_ms: number; outage_id: string | null }>(pool, supplyOf, [row]),
        newestPing(pool, row),
        needs.plannedOf(row),
        needs.calls.newest(meterId, 10, null),
        needs.places.ofMeter(row),
      ]);
      const outageId = supply?.outage_id ?? null;
      return {
        meter_id: meterId,
        account_id: place?.account ?? null,
        address: place?.address ?? null,
        area_id: needs.areaOfMeter(row),
        customer_class: customerClasses[meter.customerClass[row]],
        critical: meter.critical[row] > 0 ? criticalKinds[meter.critical[row]] : null,
        supply:
          // what it said of itself still holds where the engine has let go of it
          supply?.state === 0 && supply.lit_ms > supply.dark_ms ? 'lit' : wordOf(supply?.state ?? null),
        dark_at: time(supply?.dark_ms ?? 0),
        lit_at: time(supply?.lit_ms ?? 0),
        outage: outageId === null ? null : await needs.outage(outageId),
        planned,
        ping:
          ping === undefined
            ? null
            : {
                answer: ping.answer as 'lit' | 'dark' | 'none' | null,
                asked_at: ping.asked_at.toISOString(),
                answered_at: ping.answered_at?.toISOString() ?? null,
              },
        calls,
      };
    },
    customersOf: async (outageId, limit) => {
      const { meter } = needs.network();
      const rows = await rowsOf<{
        meter_key: number;
        from_at: Date;
        to_at: Date | null;
        state: number | null;
        is_back: boolean;
      }>(pool, customersOf, [outageId, 1_000_000]);
      return rows
        .toSorted(
          (a, b) =>
            Number(meter.critical[b.meter_key] > 0) - Number(meter.critical[a.meter_key] > 0) ||
            Number(a.to_at !== null) - Number(b.to_at !== null) ||
            a.meter_key - b.meter_key,
        )
        .slice(0, limit)
        .map((row) => ({
          meter_id: meter.id.at(row.meter_key),
          customer_class: customerClasses[meter.customerClass[row.meter_key]],
          critical: meter.critical[row.meter_key] > 0 ? criticalKinds[meter.critical[row.meter_key]] : null,
          // a member that said nothing itself is out all the same
          supply: wordOf(row.state) === 'dark' ? 'dark' : row.to_at !== null && row.is_back ? 'back' : 'unknown',
          from: row.from_at.toISOString(),
          to: row.to_at?.toISOString() ?? null,
        }));
    },
    areaOfMeter: (meterId) => {
      const row = needs.network().meter.id.rowOf(meterId);
      return row < 0 ? null : needs.areaOfMeter(row);
    },
  };
}
