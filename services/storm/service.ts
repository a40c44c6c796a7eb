/**
 * Storm mode of each area: switched by a person (or by itself, where that is configured), logged, with an end. It is
 * durable before it holds. What follows from it (thresholds, sampling, restoration times) is told by `changed`.
 */
import type { Outage } from '#model/api/outages.ts';
import type { StormArea, StormFlow, StormMode, StormModeEntry, StormModeLogEntry } from '#model/api/storm.ts';
import { FluxError } from '#model/errors.ts';
import { allDone, oneAtATime } from '#model/one_at_a_time.ts';
import type { Pool } from '#stores/postgres/pool.ts';
import { type BoardArea, boardArea } from './board.ts';
import { type ModeRow, modeLog, setMode, stormModes } from './sql.ts';
import { type AreaFacts, type Suggestion, suggestionFor } from './suggest.ts';

export interface StormNeeds {
  pool: Pool;
  nowMs: () => number;
  timeZone: string;
  areas: () => BoardArea[];
  /** outages with customers out */
  open: () => Outage[];
  crews: () => Promise<{ area_id: string | null; status: string }[]>;
  /** strongest gust ahead; null where nobody forecasts */
  gustAhead: (area: string) => AreaFacts['gust'];
  /** suggestions are followed by themselves */
  automatic: boolean;
  /** areas in storm mode now, told after it is durable and at the start */
  changed: (areas: ReadonlySet<string>) => void;
  say: (text: string, area: string) => void;
  /** messages and calls stored so far */
  taken: () => Promise<{ messages: number; calls: number }>;
  heldBack: () => { waiting: number; ever: number; most: number };
  limitPerS: number;
  /** simulated clock: who drives it also calls `look` */
  isDriven?: boolean;
  report: (message: string, error: unknown) => void;
}

export interface StormService {
  /** the modes of the store hold */
  start(): Promise<void>;
  /** Once the open outages are known, which nothing is concluded without: looks now, then by itself each few seconds. */
  watch(): Promise<void>;
  inStorm(area: string): boolean;
  modes(): StormMode[];
  /** @throws FluxError `unknown_area`; `conflict` where it stands so already */
  set(entry: StormModeEntry, author: string): Promise<StormMode>;
  log(areas: readonly string[] | null): Promise<StormModeLogEntry[]>;
  board(): Promise<StormArea[]>;
  flow(): StormFlow;
  /** what time brings: ends, suggestions, the minute's counts */
  look(): Promise<void>;
  stop(): Promise<void>;
}

/** who switches where no person does */
const [automatic, clock] = ['automatic', 'clock'];
const lookMs = 5000;
const minuteMs = 60_000;
const keptMinutes = 120;
const trendMinutes = 15;

export function makeStormService(needs: StormNeeds): StormService {
  const { pool, nowMs } = needs;
  const modes = new Map<string, ModeRow>();
  let told = new Set<string>();
  /** areas a person switched off: what spoke for storm mode then switches it on again only once it was gone */
  const declined = new Set<string>();
  /** by minute of the clock: customers out by area, messages and calls taken so far */
  const minutes = new Map<number, { out: Map<string, number>; messages: number; calls: number }>();
  let timer: NodeJS.Timeout | undefined;
  const inTurn = oneAtATime();

  const inStorm = (area: string): boolean => modes.get(area)?.is_on === true;
  function tell(): void {
    const on = new Set([...modes.values()].filter(({ is_on }) => is_on).map(({ area_id }) => area_id));
    if (on.size === told.size && [...on].every((area) => told.has(area))) return;
    told = on;
    needs.changed(on);
  }

  async function store(row: ModeRow): Promise<void> {
    await setMode(pool, row);
    modes.set(row.area_id, row);
    tell();
    const name = needs.areas().find(({ id }) => id === row.area_id)?.name ?? row.area_id;
    needs.say(`Storm mode ${row.is_on ? 'on' : 'off'} in ${name} by ${row.author}: ${row.reason}`, row.area_id);
  }

  const outagesOf = (area: string): Outage[] => needs.open().filter(({ area_id }) => area_id === area);

  function suggestion(area: BoardArea, outages: readonly Outage[]): Suggestion | null {
    return suggestionFor(
      inStorm(area.id),
      {
        customers: area.customers,
        customersOut: outages.reduce((sum, { customers_out }) => sum + customers_out, 0),
        detectedMs: outages.map(({ detected_at }) => Date.parse(detected_at)),
        gust: needs.gustAhead(area.id),
      },
      nowMs(),
    );
  }

  function modeOf(area: BoardArea, outages: readonly Outage[]): StormMode {
    const row = modes.get(area.id);
    return {
      area_id: area.id,
      name: area.name,
      on: row?.is_on ?? false,
      reason: row?.reason ?? null,
      author: row?.author ?? null,
      since: row?.since.toISOString() ?? null,
      expires_at: row?.expires_at?.toISOString() ?? null,
      suggestion: suggestion(area, outages),
    };
  }

  async function noteMinute(): Promise<void> {
    const minute = Math.floor(nowMs() / minuteMs);
    const out = new Map<string, number>();
    for (const { area_id, customers_out } of needs.open()) out.set(area_id, (out.get(area_id) ?? 0) + customers_out);
    minutes.set(minute, { out, ...(await needs.taken()) });
    for (const key of minutes.keys()) if (key < minute - keptMinutes) minutes.delete(key);
  }

  async function look(): Promise<void> {
    await noteMinute();
    const at = new Date(nowMs());
    for (const row of [...modes.values()])
      if (row.is_on && row.expires_at !== null && row.expires_at <= at)
        await store({ ...row, is_on: false, reason: 'its time is over', author: clock, since: at, expires_at: null });
    if (!needs.automatic) return;
    for (const area of needs.areas()) {
      const wanted = suggestion(area, outagesOf(area.id));
      if (!wanted?.on) declined.delete(area.id);
      // what a person switched, a person switches back
      if (!wanted || (wanted.on ? declined.has(area.id) : modes.get(area.id)?.author !== automatic)) continue;
      await store({
        ...{ area_id: area.id, is_on: wanted.on, reason: wanted.why, author: automatic, since: at, expires_at: null },
      });
    }
  }

  const service: StormService = {
    start: async () => {
      for (const row of await stormModes(pool)) {
        modes.set(row.area_id, row);
        if (!row.is_on && row.author !== automatic && row.author !== clock) declined.add(row.area_id);
      }
      tell();
    },
    watch: async () => {
      await service.look();
      clearInterval(timer);
      if (needs.isDriven) return;
      timer = setInterval(() => {
        service
          .look()
          .catch((error: unknown) => needs.report('storm mode could not be looked after; tried again in 5 s', error));
      }, lookMs);
    },
    inStorm,
    modes: () => needs.areas().map((area) => modeOf(area, outagesOf(area.id))),
    set: (entry, author) =>
      inTurn(async () => {
        const area = needs.areas().find(({ id }) => id === entry.area);
        if (!area) throw new FluxError('unknown_area', `there is no area ${entry.area}`);
        if (!entry.on && !inStorm(area.id))
          throw new FluxError('conflict', `${area.name} is not in storm mode`, {
            details: { since: modes.get(area.id)?.since ?? null },
          });
        const at = new Date(nowMs());
        const until = entry.on && entry.hours !== undefined ? new Date(at.getTime() + entry.hours * 3_600_000) : null;
        await store({
          ...{ area_id: area.id, is_on: entry.on, reason: entry.reason, author, expires_at: until },
          // said again (another reason, another end): it has been on since it was switched on
          since: entry.on && inStorm(area.id) ? modes.get(area.id)!.since : at,
        });
        if (!entry.on) declined.add(area.id);
        return modeOf(area, outagesOf(area.id));
      }),
    log: async (areas) =>
      (await modeLog(pool, 200, areas)).map(({ at, expires_at, ...entry }) => ({
        ...entry,
        at: at.toISOString(),
        expires_at: expires_at?.toISOString() ?? null,
      })),
    board: async () => {
      const crews = await needs.crews();
      const byArea = Map.groupBy(needs.open(), ({ area_id }) => area_id);
      const past = minutes.get(Math.floor(nowMs() / minuteMs) - trendMinutes);
      return needs.areas().map((area) =>
        boardArea(
          area,
          byArea.get(area.id) ?? [],
          crews.filter(({ area_id }) => area_id === area.id),
          {
            nowMs: nowMs(),
            timeZone: needs.timeZone,
            before: (id) => (past ? (past.out.get(id) ?? 0) : null),
            mode: modeOf,
          },
        ),
      );
    },
    flow: () => {
      const { waiting, ever, most } = needs.heldBack();
      const known = [...minutes].sort((a, b) => a[0] - b[0]);
      const steps = known.slice(1).map(([minute, counts], i) => ({
        minute: minute * 60,
        messages: counts.messages - known[i][1].messages,
        calls: counts.calls - known[i][1].calls,
      }));
      return {
        at: new Date(nowMs()).toISOString(),
        minute: steps.map(({ minute }) => minute),
        messages: steps.map(({ messages }) => messages),
        calls: steps.map(({ calls }) => calls),
        held_back: waiting,
        held_back_ever: ever,
        most_held_back: most,
        limit_per_s: needs.limitPerS,
        automatic: needs.automatic,
      };
    },
    look: () => inTurn(look),
    stop: async () => {
      clearInterval(timer);
      await allDone(inTurn);
    },
  };
  return service;
}
