/** The storm board: what is out by area, with its crews, its estimates and the words the public would read. Pure. */
import type { Outage } from '#model/api/outages.ts';
import type { StormArea, StormMode } from '#model/api/storm.ts';
import { etrInWords, etrWindow, type Language } from '#model/public_words.ts';

export interface BoardArea {
  id: string;
  name: string;
  customers: number;
}

export interface BoardFacts {
  nowMs: number;
  timeZone: string;
  /** customers out a quarter of an hour ago; null before that is known */
  before: (area: string) => number | null;
  mode: (area: BoardArea, outages: readonly Outage[]) => StormMode;
}

const noCrew = new Set<Outage['state']>(['predicted', 'probable', 'confirmed']);

export function boardArea(
  area: BoardArea,
  outages: readonly Outage[],
  crews: readonly { status: string }[],
  facts: BoardFacts,
): StormArea {
  const out = outages.reduce((sum, { customers_out }) => sum + customers_out, 0);
  const latest = (of: (outage: Outage) => string | null): string | null =>
    outages.reduce<string | null>((last, outage) => {
      const at = of(outage);
      return at !== null && (last === null || at > last) ? at : last;
    }, null);
  const byStatus: Record<string, number> = {};
  for (const { status } of crews) byStatus[status] = (byStatus[status] ?? 0) + 1;
  const before = facts.before(area.id);
  const etr = { etr_p50: latest((outage) => outage.etr_p50), etr_p90: latest((outage) => outage.etr_p90) };
  const words = (language: Language): string => publicText(area, out, etr, facts, language);
  return {
    area_id: area.id,
    name: area.name,
    customers: area.customers,
    customers_out: out,
    critical_out: outages.reduce((sum, { critical_out }) => sum + critical_out, 0),
    outages: outages.length,
    waiting: outages.filter(({ state }) => noCrew.has(state)).length,
    trend: before === null ? null : out - before,
    ...etr,
    without_etr: outages.filter(({ etr_p90 }) => etr_p90 === null).length,
    crews: byStatus,
    mode: facts.mode(area, outages),
    public_text: { en: words('en'), es: words('es') },
  };
}

/** Counts small enough to point at a home are not told. */
const leastTold = 10;

/** What the public reads of an area: round numbers, and when everybody is expected to have power again. */
export function publicText(
  { name, customers }: BoardArea,
  out: number,
  etr: { etr_p50: string | null; etr_p90: string | null },
  { nowMs, timeZone }: Pick<BoardFacts, 'nowMs' | 'timeZone'>,
  language: Language,
): string {
  const isSpanish = language === 'es';
  if (out === 0) return isSpanish ? `${name}: no conocemos ningún corte.` : `${name}: we know of no outage.`;
  const count = (value: number): string => value.toLocaleString(isSpanish ? 'es-US' : 'en-US');
  const few = isSpanish ? `menos de ${leastTold}` : `fewer than ${leastTold}`;
  const about = out < leastTold ? few : count(Math.round(out / leastTold) * leastTold);
  const head = isSpanish
    ? `${name}: ${about} de ${count(customers)} clientes sin servicio.`
    : `${name}: ${about} of ${count(customers)} customers are without power.`;
  const last = etrWindow(etr);
  const when = etrInWords(last && { fromMs: last.fromMs, toMs: last.toMs }, nowMs, timeZone, language);
  const tail = isSpanish
    ? ' Esto vale para el último; la mayoría antes.'
    : ' That is for the last of them; most come back sooner.';
  return `${head} ${when}${last && last.toMs >= nowMs ? tail : ''}`;
}
